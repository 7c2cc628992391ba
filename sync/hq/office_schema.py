"""Tables of the head office's own office: people, program keys, what they did, what follows from the feed.

Nothing here is part of a till's record. ``feed``, ``movement``, ``store_day``, ``staff_day``, ``aged`` and
``anomaly`` follow from the records and could be made again; ``person``, ``program_key``, ``audit``,
``settled``, ``rules_version`` and ``rollout`` are what people did here and are kept.
"""

TABLES_3 = (
    """CREATE TABLE person (
        name TEXT PRIMARY KEY, role TEXT NOT NULL, verifier TEXT NOT NULL,
        must_change INTEGER NOT NULL, active INTEGER NOT NULL, made_ms INTEGER NOT NULL)
        STRICT, WITHOUT ROWID""",
    """CREATE TABLE sign_in_wait (
        name TEXT PRIMARY KEY, wrong INTEGER NOT NULL, until_ms INTEGER NOT NULL,
        at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
    """CREATE TABLE program_key (
        name TEXT PRIMARY KEY, digest BLOB NOT NULL UNIQUE, role TEXT NOT NULL,
        made_ms INTEGER NOT NULL, made_by TEXT NOT NULL, revoked_ms INTEGER NOT NULL)
        STRICT, WITHOUT ROWID""",
    """CREATE TABLE audit (
        id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, who TEXT NOT NULL, address TEXT NOT NULL,
        what TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL) STRICT""",
    """CREATE TABLE settled (
        kind TEXT NOT NULL, id INTEGER NOT NULL, at_ms INTEGER NOT NULL, who TEXT NOT NULL,
        reason TEXT NOT NULL, PRIMARY KEY (kind, id)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE follow (
        stream INTEGER PRIMARY KEY, seq INTEGER NOT NULL, said TEXT NOT NULL,
        revision INTEGER NOT NULL) STRICT""",
    """CREATE TABLE feed (
        id INTEGER PRIMARY KEY, record INTEGER NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL) STRICT""",
    "CREATE INDEX feed_quarantined ON feed (record) WHERE kind = 'quarantined'",
    """CREATE TABLE movement (
        account TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (account, id)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE store_day (
        business_date INTEGER NOT NULL, store TEXT NOT NULL, sales INTEGER NOT NULL,
        amount INTEGER NOT NULL, discount INTEGER NOT NULL, earned INTEGER NOT NULL,
        used INTEGER NOT NULL, members INTEGER NOT NULL,
        PRIMARY KEY (business_date, store)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE staff_day (
        business_date INTEGER NOT NULL, terminal TEXT NOT NULL, operator TEXT NOT NULL,
        sales INTEGER NOT NULL, voids INTEGER NOT NULL, void_amount INTEGER NOT NULL,
        returned INTEGER NOT NULL, returned_amount INTEGER NOT NULL,
        PRIMARY KEY (business_date, terminal, operator)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE aged (
        account TEXT NOT NULL, unit TEXT NOT NULL, month INTEGER NOT NULL, amount INTEGER NOT NULL,
        PRIMARY KEY (account, unit, month)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE aged_sum (
        unit TEXT NOT NULL, month INTEGER NOT NULL, amount INTEGER NOT NULL,
        PRIMARY KEY (unit, month)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE last_tap (
        account TEXT PRIMARY KEY, wall_ms INTEGER NOT NULL, terminal TEXT NOT NULL,
        count INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
    """CREATE TABLE anomaly (
        id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind TEXT NOT NULL, terminal TEXT NOT NULL,
        operator TEXT NOT NULL, account TEXT NOT NULL, record INTEGER NOT NULL,
        value INTEGER NOT NULL) STRICT""",
    """CREATE TABLE till_health (
        terminal TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, program TEXT NOT NULL,
        rules TEXT NOT NULL, rules_since_ms INTEGER NOT NULL, rules_fault TEXT NOT NULL,
        paper TEXT NOT NULL, disk_mb INTEGER NOT NULL, clock TEXT NOT NULL)
        STRICT, WITHOUT ROWID""",
    """CREATE TABLE rules_version (
        version TEXT PRIMARY KEY, form TEXT NOT NULL, digest BLOB NOT NULL, packed BLOB NOT NULL,
        promotions INTEGER NOT NULL, at_ms INTEGER NOT NULL, who TEXT NOT NULL, note TEXT NOT NULL)
        STRICT, WITHOUT ROWID""",
    """CREATE TABLE rollout (
        id INTEGER PRIMARY KEY, version TEXT NOT NULL, store TEXT NOT NULL, from_ms INTEGER NOT NULL,
        at_ms INTEGER NOT NULL, who TEXT NOT NULL, taken_back_ms INTEGER NOT NULL,
        taken_back_by TEXT NOT NULL) STRICT""",
    """CREATE TABLE master_old (
        name TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL,
        until_version INTEGER NOT NULL, body BLOB,
        PRIMARY KEY (name, kind, key, version)) STRICT, WITHOUT ROWID""",
    # Which ledger of its till each is, and where the one before it ended.
    """CREATE TABLE lineage (
        ledger_id TEXT PRIMARY KEY, terminal TEXT NOT NULL, ordinal INTEGER NOT NULL,
        previous TEXT NOT NULL, previous_seq INTEGER NOT NULL, previous_digest BLOB NOT NULL)
        STRICT, WITHOUT ROWID""",
    # Tokens, keys and certificates of tills: which are good, and which ended why.
    """CREATE TABLE enrol_token (
        id BLOB PRIMARY KEY, secret BLOB NOT NULL, terminal TEXT NOT NULL, made_ms INTEGER NOT NULL,
        expires_ms INTEGER NOT NULL, made_by TEXT NOT NULL, used_ms INTEGER NOT NULL,
        key_id BLOB NOT NULL) STRICT, WITHOUT ROWID""",
    """CREATE TABLE till_key_past (
        key_id BLOB PRIMARY KEY, public_key BLOB NOT NULL, terminal TEXT NOT NULL,
        first_seen_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL, why TEXT NOT NULL)
        STRICT, WITHOUT ROWID""",
    """CREATE TABLE till_certificate (
        serial TEXT PRIMARY KEY, terminal TEXT NOT NULL, key_id BLOB NOT NULL,
        made_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
    # Members registered at tills, with the salt that their records' commitments need; and who was erased.
    """CREATE TABLE profile (
        account TEXT PRIMARY KEY, record INTEGER NOT NULL, tier TEXT NOT NULL, data BLOB NOT NULL,
        received_ms INTEGER NOT NULL, told INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
    "CREATE INDEX profile_untold ON profile (account) WHERE told = 0",
    """CREATE TABLE erased (
        account TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
    """CREATE TABLE member_conflict (
        account TEXT PRIMARY KEY, other TEXT NOT NULL, at_ms INTEGER NOT NULL,
        settled_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
)
"""What schema 3 adds."""
