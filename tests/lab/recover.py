"""Starts a till on each of some disks, as after a power cut, so that its recovery can be recorded.

python -m tests.lab.recover FOLDER     opens FOLDER/1/ledger.db, FOLDER/2/ledger.db …
"""

import sys
from pathlib import Path

from terminal.store import commit
from terminal.store.errors import LedgerError
from terminal.store.ledger import Ledger
from tests.store.entries import IDENTITY


def main() -> None:
    if sys.argv[2:] == ["append at once"]:
        commit.Disk._begin_afresh = lambda _: None
    for folder in sorted(Path(sys.argv[1]).iterdir(), key=lambda each: int(each.name)):
        try:
            Ledger.open(folder / "ledger.db", IDENTITY, "boot-2").close()
        except LedgerError as error:
            print(folder.name, error)


if __name__ == "__main__":
    main()
