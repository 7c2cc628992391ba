"""Devices: card readers, scanners, printers, displays, and virtual ones of each kind.

A driver turns a device into events and jobs and nothing more; it knows neither sales nor the ledger.
Kinds of drivers do not know each other, and a lost device is an exception that ends ``run``.
"""
