"""The shadow account of each card with money on it: every movement that a till announced or saw.

All of it follows from the records and could be made again.
"""

PURSE_TABLES = (
    """CREATE TABLE purse_move (
        terminal TEXT NOT NULL, sequence INTEGER NOT NULL, purse TEXT NOT NULL, line TEXT NOT NULL,
        move TEXT NOT NULL, amount INTEGER NOT NULL, counter INTEGER NOT NULL,
        balance INTEGER NOT NULL, outcome TEXT NOT NULL, intent INTEGER NOT NULL,
        settled INTEGER NOT NULL, witness INTEGER NOT NULL, moment TEXT NOT NULL,
        family TEXT NOT NULL, PRIMARY KEY (terminal, sequence, purse)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX purse_move_purse ON purse_move (purse, line, counter)",
    "CREATE INDEX purse_move_outcome ON purse_move (outcome, purse)",
)
"""``terminal`` is as cards know it; ``counter`` and ``balance`` are the card's after a movement that happened
and before any other; ``intent`` and ``settled`` are row numbers of records, 0 where there is none yet."""
