"""The domain, pure: values and functions from values to values.

No I/O, no clock, no randomness, no threads, no third-party code: a day of trading is a list of events
in a test. Whoever needs the time or a file is given it by :mod:`terminal.app`.
"""
