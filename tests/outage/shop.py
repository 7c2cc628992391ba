"""The shop of the trial: tills behind links, the broker, the head office and its database."""

import random
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from tests.kit.broker import Broker
from tests.kit.postgres import Postgres
from tests.kit.till import HqProcess, TillProcess
from tests.outage.link import OneLink
from tests.outage.seller import Seller
from tests.outage.stranger import Stranger

NAMES = ("S01-T1", "S01-T2", "S01-T3")
DISK_BYTES = 96_000_000
_FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


class Shop:
    """Everything, started; for ``with``."""

    def __init__(
        self, folder: Path, database: str, dice: random.Random, *, small_disks: bool = False
    ) -> None:
        """``small_disks`` puts each machine on a small disk of its own, to be filled; needs root."""
        self.folder = folder
        self.small_disks = small_disks
        self.dice = dice
        self._database = database
        self._stack = ExitStack()
        self.links: dict[str, OneLink] = {}
        self.tills: dict[str, TillProcess] = {}
        self.sellers: dict[str, Seller] = {}
        self.postgres: Postgres | None = None
        self._address = ""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.broker = stack.enter_context(Broker(self.folder))
            self.hq = HqProcess(self._disk("hq", stack) / "hq", self.broker.port)
            if self._database == "postgres":
                self.postgres = stack.enter_context(Postgres())
                settings = self.hq.settings.read_text(encoding="utf-8")
                address = self._address = self.postgres.database()
                self.hq.settings.write_text(
                    settings.replace("sqlite:///hq.db", address), encoding="utf-8"
                )
            stack.enter_context(self.hq)
            for name in NAMES:
                self.add(name, self._disk(name, stack), stack)
            self.stranger = Stranger(
                self.broker.port, random.Random(self.dice.random()), list(NAMES)
            )
            stack.callback(self.stranger.close)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *why: object) -> None:
        for seller in self.sellers.values():
            seller._end.set()
        self._stack.__exit__(None, None, None)

    def add(
        self, name: str, folder: Path, stack: ExitStack | None = None, machine: str = ""
    ) -> None:
        """Start a till behind a link of its own; ``machine`` tells a clone from the first."""
        stack = stack or self._stack
        link = self.links[machine or name] = OneLink(self.broker.port)
        stack.callback(link.close)
        till = TillProcess(folder, broker=link.port, terminal=name)
        if _FAKETIME:
            self._clock_of(till, "+0")
            till.env = {
                "LD_PRELOAD": str(_FAKETIME[0]),
                "FAKETIME_TIMESTAMP_FILE": str(folder / "clock"),
                "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            }
        stack.enter_context(till)
        self.tills[machine or name] = till
        seller = Seller(
            machine or name,
            till.program("supervisor", f"trial-{len(self.tills)}"),
            random.Random(self.dice.random()),
        )
        self.sellers[machine or name] = seller
        seller.start()

    def _disk(self, name: str, stack: ExitStack) -> Path:
        folder = self.folder / name
        folder.mkdir()
        if self.small_disks:
            size = f"size={DISK_BYTES}"
            subprocess.run(["mount", "-t", "tmpfs", "-o", size, "none", folder], check=True)
            stack.callback(subprocess.run, ["umount", "--lazy", folder], check=True)
        return folder

    def set_clock(self, machine: str, offset: str) -> None:
        """Let a till's wall clock jump."""
        self._clock_of(self.tills[machine], offset)

    @staticmethod
    def _clock_of(till: TillProcess, offset: str) -> None:
        beside = till.folder / "clock.new"
        beside.write_text(f"{offset}\n", encoding="ascii")
        beside.rename(till.folder / "clock")

    def clone(self, name: str) -> str:
        """Copy a till's whole card into a second machine and start that."""
        machine = f"{name}-copy"
        till, seller = self.tills[name], self.sellers[name]
        seller.pause()
        till.kill()
        shutil.copytree(till.folder, self.folder / machine)
        till.restart()
        seller.resume()
        self.add(name, self.folder / machine, machine=machine)
        return machine

    def data(self) -> Path | str:
        """Return where the head office's database is, as its settings name it."""
        return self._address or self.hq.database

    def image(self) -> Path:
        """Return the folder of the head office's database, which stands still."""
        return self.postgres.folder / "data" if self.postgres else self.hq.folder

    def stand_still(self) -> None:
        """Kill the head office and its database."""
        if self.hq.is_running:
            self.hq.kill()
        if self.postgres:
            self.postgres.kill()

    def go_on(self) -> None:
        """Start the database and the head office."""
        if self.postgres:
            self.postgres.start()
        self.hq.restart()
