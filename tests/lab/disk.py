"""A disk after a power cut: which of the writes that nobody synced are on it, and in which state.

The model is harsher than ext4: a file's sync makes its bytes durable and nothing else, a name is durable
only after its folder was synced, unsynced writes arrive in any order or not at all, an interrupted write
may leave sectors torn or full of garbage, and it may spoil every byte of the 4 kB blocks it shares.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.recording import Op

BLOCK = 4096
SECTOR = 512
SUBSETS_OF = 8
"""Up to so many unsynced writes all subsets are built."""
Image = dict[str, bytes]


@dataclass(slots=True)
class _File:
    content: bytearray = field(default_factory=bytearray)
    """What is durable."""
    pending: list[Op] = field(default_factory=list)

    def copy(self) -> "_File":
        return _File(bytearray(self.content), list(self.pending))


class Disk:
    """Takes operations in their order; knows at each point what may be on the disk."""

    def __init__(self, image: Image | None = None) -> None:
        self._files = [_File(bytearray(content)) for content in (image or {}).values()]
        self._names = {name: place for place, name in enumerate(image or {})}
        self._durable_names = dict(self._names)
        self._pending_names: list[tuple[str, int | None]] = []

    def take(self, op: Op) -> None:
        """Carry out ``op``; only ``s`` and ``d`` make anything durable."""
        match op.kind:
            case "c":
                self._files.append(_File())
                self._link(op.path, len(self._files) - 1)
            case "w" | "t":
                self._files[self._names[op.path]].pending.append(op)
            case "s":
                file = self._files[self._names[op.path]]
                for each in file.pending:
                    apply(file.content, each)
                file.pending.clear()
            case "d":
                self._durable_names = dict(self._names)
                self._pending_names.clear()
            case "u":
                self._link(op.path, None)
            case "r":
                moved = self._names[op.path]
                self._link(op.path, None)
                self._link(op.data.decode(), moved)

    def _link(self, name: str, file: int | None) -> None:
        self._pending_names.append((name, file))
        if file is None:
            self._names.pop(name, None)
        else:
            self._names[name] = file

    def pending(self) -> list[tuple[int, Op]]:
        """Return the unsynced writes, by file, in their order."""
        return [(place, op) for place, file in enumerate(self._files) for op in file.pending]

    def names(self, kept: int) -> dict[str, int]:
        """Return the names on the disk when ``kept`` of the unsynced changes of names arrived."""
        names = dict(self._durable_names)
        for name, file in self._pending_names[:kept]:
            if file is None:
                names.pop(name, None)
            else:
                names[name] = file
        return names

    def image(self, arrived: list[tuple[int, Op]], kept_names: int | None = None) -> Image:
        """Return the disk with just the writes ``arrived``, in that order."""
        kept = len(self._pending_names) if kept_names is None else kept_names
        names = self.names(kept)
        contents = {place: bytearray(self._files[place].content) for place in names.values()}
        for place, op in arrived:
            if place in contents:
                apply(contents[place], op)
        return {name: bytes(contents[place]) for name, place in names.items()}

    def images(self, draw: random.Random, most: int | None) -> Iterator[tuple[str, Image]]:
        """Yield what a cut here may leave, with a word for how; ``most`` samples, None: everything.

        Nothing and all of the unsynced writes are always among them, and a spoiled block.
        """
        pending, count = self.pending(), len(self._pending_names)
        yield "all", self.image(pending)
        if not pending and not count:
            return
        yield "none", self.image([], 0)
        if pending:
            yield "spoiled", self.image([*pending[:-1], self._spoiled(pending[-1], draw)])
        others = list(self._choices(pending, draw))
        if most is not None and len(others) > most:
            others = draw.sample(others, most)
        for word, arrived in others:
            yield word, self.image(arrived, draw.randint(0, count))

    def _choices(
        self, pending: list[tuple[int, Op]], draw: random.Random
    ) -> Iterator[tuple[str, list[tuple[int, Op]]]]:
        if len(pending) <= SUBSETS_OF:
            for bits in range(1 << len(pending)):
                yield "subset", [each for n, each in enumerate(pending) if bits >> n & 1]
        else:
            for n, each in enumerate(pending):
                yield "dropped", pending[:n] + pending[n + 1 :]
                yield "alone", [each]
            for _ in range(16):
                yield "random", [each for each in pending if draw.random() < 0.5]
        for n, each in enumerate(pending):
            if each[1].kind == "w":
                yield "torn", [*pending[:n], _torn(each, draw), *pending[n + 1 :]]
                yield "garbage", [*pending[:n], _garbage(each, draw)]
                yield "spoiled", [*pending[:n], self._spoiled(each, draw)]
                yield "spoiled", [*pending[:n], self._spoiled(each, draw), *pending[n + 1 :]]

    def _spoiled(self, write: tuple[int, Op], draw: random.Random) -> tuple[int, Op]:
        """Return an interrupted write that took every byte of its blocks with it."""
        place, op = write
        if op.kind != "w":
            return write
        first = op.at // BLOCK * BLOCK
        last = min(
            -(-(op.at + len(op.data)) // BLOCK) * BLOCK,
            max(len(self._files[place].content), op.at + len(op.data)),
        )
        return place, Op("w", op.path, first, draw.randbytes(last - first))


def apply(content: bytearray, op: Op) -> None:
    """Carry out one write or truncation."""
    if op.kind == "t":
        del content[op.at :]
        content.extend(bytes(op.at - len(content)))
        return
    content.extend(bytes(max(0, op.at - len(content))))
    content[op.at : op.at + len(op.data)] = op.data


def lay_out(image: Image, folder: Path) -> None:
    """Write ``image`` into the empty ``folder``."""
    for name, content in image.items():
        (folder / name).write_bytes(content)


def _torn(write: tuple[int, Op], draw: random.Random) -> tuple[int, Op]:
    """Return a write of which some sectors did not arrive: it ends early at a sector of the disk."""
    place, op = write
    sectors = range(op.at // SECTOR + 1, -(-(op.at + len(op.data)) // SECTOR))
    if not sectors:
        return place, Op("w", op.path, op.at, b"")
    return place, Op("w", op.path, op.at, op.data[: draw.choice(sectors) * SECTOR - op.at])


def _garbage(write: tuple[int, Op], draw: random.Random) -> tuple[int, Op]:
    """Return a write whose tail is garbage."""
    place, op = write
    good = draw.randrange(len(op.data))
    return place, Op("w", op.path, op.at, op.data[:good] + draw.randbytes(len(op.data) - good))
