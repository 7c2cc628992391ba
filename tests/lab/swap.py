"""Replaces ``members.db`` of member 1 by one of member 2: ``python -m tests.lab.swap FOLDER``."""

import sys
from pathlib import Path

from terminal.store.members import MemberRow, MemberTables, build_members


def tables(account: str) -> MemberTables:
    """Return members of whom ``account`` is one, in many blocks."""
    rows = [
        MemberRow(f"{account}-{n}", f"会员{n}" * 9, "gold", media=(f"uid:{n:08x}",))
        for n in range(200)
    ]
    return MemberTables((("gold", "金卡"),), [MemberRow(account, "李雷", "gold"), *rows])


def main() -> None:
    build_members(Path(sys.argv[1]) / "members.db", tables("2"))


if __name__ == "__main__":
    main()
