"""Points: what a sale earns, what may be burned, and the lots they lie in.

Points are whole numbers. A sale is rounded down once and its points are shared over its lines, so that
refunding any line takes back exactly what it earned. Everything is a pure function of rules, occasion and
what the ledger holds: no clock, no counter, no chance lives here, and who posts the result is decided above.
"""
