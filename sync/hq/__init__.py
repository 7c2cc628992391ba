"""The head office: takes every till's records, keeps the books, answers with signed acknowledgements.

It stands on the core, the codec and the protocol and knows no till's program. One loop thread owns the
state and the only writing connection (:mod:`sync.hq.store`); the broker's thread puts messages into its
inbox and the page (:mod:`sync.hq.page`) reads through :mod:`sync.hq.reader` with connections of its own.
"""
