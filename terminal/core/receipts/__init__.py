"""Receipts: what a customer is handed, as lines of text laid out to the paper's columns.

Here a posted entry becomes words and aligned amounts; how a printer is told is the driver's affair. The
words come from the caller in the shop's language, so nothing here reads a file.
"""
