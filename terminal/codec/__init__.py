"""Entries to bytes and back: the one place that knows how a journal entry lies in a record.

It stands between the core and everything that keeps or moves records, so that the till and the head
office share it without knowing each other's stores. Every version ever written stays readable.
"""
