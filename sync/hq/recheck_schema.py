"""Tables of what the head office works out again after it acknowledged: sales, and what became of coupons.

All of it follows from the records and could be made again.
"""

RECHECK_TABLES = (
    """CREATE TABLE recheck (
        stream INTEGER PRIMARY KEY, seq INTEGER NOT NULL, equal INTEGER NOT NULL,
        different INTEGER NOT NULL, unknown INTEGER NOT NULL) STRICT""",
    """CREATE TABLE recheck_found (
        record INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, rules TEXT NOT NULL,
        detail TEXT NOT NULL) STRICT""",
    """CREATE TABLE recheck_gap (
        stream INTEGER NOT NULL, why TEXT NOT NULL, count INTEGER NOT NULL,
        first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL, PRIMARY KEY (stream, why))
        STRICT, WITHOUT ROWID""",
    """CREATE TABLE coupon (
        id TEXT PRIMARY KEY, campaign TEXT NOT NULL, issued INTEGER NOT NULL,
        redeemed INTEGER NOT NULL, again INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
    "CREATE INDEX coupon_campaign ON coupon (campaign)",
)
"""``issued``, ``redeemed`` and ``again`` are row numbers of records, 0 where there is none."""
