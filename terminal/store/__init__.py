"""The till's files: the ledger it writes, and the catalogue and members it is given.

Only :class:`~terminal.store.ledger.Ledger` writes ``ledger.db``, over one connection that the loop's
thread uses; everybody else reads over read-only connections and gets whole results. Rows and SQL stay
inside this package: functions take and return core values, records and the small values declared here.
"""
