"""Cuts the power of a recorded till at every point and looks at every disk that may remain."""

import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Self

from terminal.codec.entry import encode
from terminal.core.journal import SalePosted
from terminal.store.errors import LedgerError
from terminal.store.ledger import Ledger
from terminal.store.prints import PrintState
from terminal.store.verify import verify
from tests.lab.disk import Disk, Image, lay_out
from tests.lab.recording import Op, read, run
from tests.lab.workload import bodies
from tests.store.entries import IDENTITY

EVENTS = frozenset({"mark", "paper"})


@dataclass(slots=True)
class Said:
    """What the world knows by the time of a cut."""

    opened: bool = False
    posted: int = 0
    """The last record whose commit had returned."""
    printed: set[int] = field(default_factory=set)
    """Receipts of which paper exists."""

    def hear(self, op: Op) -> None:
        """Take in what the till said."""
        words = op.data.decode().split()
        if op.path == "paper":
            self.printed.add(int(words[0]))
        elif words[0] == "opened":
            self.opened = True
        else:
            self.posted = int(words[1])


@dataclass(slots=True)
class Findings:
    """What an experiment came to."""

    cuts: int = 0
    images: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def report(self) -> str:
        """Return it in a line."""
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.kinds.items()))
        return f"{self.cuts} cuts, {self.images} images ({kinds}), {len(self.wrong)} wrong"


class Scratch:
    """A fast folder for images, removed afterwards."""

    def __init__(self) -> None:
        memory = Path("/dev/shm")
        self.path = Path(
            tempfile.mkdtemp(prefix="tp-lab-", dir=memory if os.access(memory, os.W_OK) else None)
        )
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path)

    def folder(self) -> Path:
        """Return a new empty folder."""
        self._count += 1
        made = self.path / str(self._count)
        made.mkdir()
        return made


def record(scratch: Scratch, sales: int, fault: str = "") -> list[Op]:
    """Return all that a till did to its files during ``sales`` entries."""
    folder, log = scratch.folder(), scratch.path / "log"
    log.unlink(missing_ok=True)
    ended = run(
        "tests.lab.workload", str(folder), str(sales), "boot-1", fault, folder=folder, log=log
    )
    assert ended.returncode == 0, ended.stderr
    return list(read(log))


def cuts(ops: Sequence[Op], start: Image | None = None) -> Iterator[tuple[int, Disk, Said]]:
    """Yield the disk and what was said, before the first and after each operation that matters."""
    disk, said = Disk(start), Said()
    yield 0, disk, said
    for place, op in enumerate(ops, 1):
        if op.path in EVENTS:
            if op.kind == "w":
                said.hear(op)
        else:
            disk.take(op)
        yield place, disk, said


def experiment(
    scratch: Scratch,
    ops: Sequence[Op],
    draw: random.Random,
    most: int | None,
    *,
    until: str = "",
) -> Findings:
    """Cut at every point, build the disks, open each and check it; stop when ``until`` is found."""
    found = Findings()
    for place, disk, said in cuts(ops):
        found.cuts += 1
        for kind, image in disk.images(draw, most):
            found.images += 1
            found.kinds[kind] += 1
            wrong = examine(scratch, image, said)
            found.wrong += [f"cut {place} ({kind}): {each}" for each in wrong]
        if until and any(until in wrong for wrong in found.wrong):
            break
    return found


def examine(scratch: Scratch, image: Image, said: Said) -> list[str]:
    """Start a till on ``image`` as after a power cut and return what is wrong."""
    folder = scratch.folder()
    lay_out(image, folder)
    try:
        return check(folder / "ledger.db", said)
    finally:
        shutil.rmtree(folder)


def check(path: Path, said: Said, boot: str = "boot-2") -> list[str]:
    """Open the ledger at ``path`` in another boot and return what is wrong with it."""
    try:
        ledger = Ledger.open(path, IDENTITY, boot)
    except LedgerError as error:
        return [f"does not open: {error}"]
    try:
        wrong = list(verify(path).faults)
        wrong += _records(ledger, said)
        wrong += _prints(ledger, said)
        if ledger.acked.seq > ledger.head_seq:
            wrong.append(f"acknowledged to {ledger.acked.seq}, ends at {ledger.head_seq}")
    finally:
        ledger._disk.close()
    return wrong


def expected(count: int) -> list[bytes]:
    """Return the bytes of the first ``count`` records that the till posts."""
    while len(_BODIES) < count:
        whole = list(islice(bodies(count + 50), count + 50))
        _BODIES[:] = [encode(made) for made in whole]
        _SALES[:] = [isinstance(made.body, SalePosted) for made in whole]
    return _BODIES[:count]


_BODIES: list[bytes] = []
_SALES: list[bool] = []


def _records(ledger: Ledger, said: Said) -> Iterator[str]:
    if ledger.head_seq < said.posted:
        yield f"posted {said.posted}, but {ledger.head_seq} are there"
    if ledger.head_seq > said.posted + 1:
        yield f"posted {said.posted}, yet {ledger.head_seq} are there"
    kept = [row[0] for row in ledger._run("SELECT body FROM record ORDER BY seq").fetchall()]
    if kept != expected(len(kept)):
        yield "records are not those that were posted"
    for seq in range(1, said.posted + 1):
        answered = ledger.answered(f"call-{seq - 1}")
        if answered is None or answered.seq != seq:
            yield f"call {seq - 1} would be carried out twice"


def _prints(ledger: Ledger, said: Said) -> Iterator[str]:
    lost = {number for number in said.printed if number > ledger.receipts}
    if lost:
        yield f"receipts {sorted(lost)} are on paper and not in the ledger"
    unfinished = {each.number: each.state for each in ledger.unfinished_prints()}
    for number in range(1, ledger.receipts + 1):
        state = unfinished.get(number, PrintState.DONE)
        if number in said.printed and state is PrintState.INTENDED:
            yield f"receipt {number} is on paper and would be printed again"
        if number not in said.printed and state is PrintState.DONE:
            yield f"receipt {number} is not on paper and passes for printed"
