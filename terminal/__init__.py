"""The till: everything that runs at the counter.

What lives here reads cards and codes, prices a basket, posts it and prints it. The head office lives
in :mod:`sync.hq` and shares only :mod:`terminal.core` and :mod:`terminal.codec` with it.
"""
