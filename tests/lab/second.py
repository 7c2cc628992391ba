"""The power is cut again while the till recovers from the first cut."""

import random
import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.lab.bench import Findings, Said, Scratch, cuts, examine
from tests.lab.disk import Image, lay_out
from tests.lab.recording import Op, read, run


def second_cuts(
    scratch: Scratch,
    ops: Sequence[Op],
    draw: random.Random,
    images: int,
    most: int | None,
    fault: str = "",
) -> Findings:
    """Recover from ``images`` first cuts under the recorder, and cut each recovery at every point."""
    firsts = _firsts(ops, draw, images)
    found = Findings()
    for (image, said), recovery in zip(firsts, _recoveries(scratch, firsts, fault), strict=True):
        for place, disk, _ in cuts(recovery, image):
            found.cuts += 1
            for kind, again in disk.images(draw, most):
                found.images += 1
                found.kinds[kind] += 1
                found.wrong += [
                    f"second cut {place} ({kind}): {each}" for each in examine(scratch, again, said)
                ]
    return found


def _firsts(ops: Sequence[Op], draw: random.Random, count: int) -> list[tuple[Image, Said]]:
    """Return first cuts: half of them anywhere, half just behind a sync with nothing after it on the disk."""
    behind = [
        n + 2
        for n, op in enumerate(ops[:-1])
        if op.kind == "s" and ops[n + 1].kind == "w" and n > 40
    ]
    close = set(draw.sample(behind, count // 2))
    chosen = close | set(
        draw.sample([n for n in range(40, len(ops)) if n not in close], count // 2)
    )
    firsts = []
    for place, disk, said in cuts(ops):
        if place in chosen:
            image = (
                disk.image([], 0) if place in close else draw.choice(list(disk.images(draw, 3)))[1]
            )
            firsts.append((image, Said(said.opened, said.posted, set(said.printed))))
    return firsts


def _recoveries(
    scratch: Scratch, firsts: Sequence[tuple[Image, Said]], fault: str
) -> list[list[Op]]:
    folder, log = scratch.folder(), scratch.path / "second.log"
    log.unlink(missing_ok=True)
    for number, (image, _) in enumerate(firsts):
        (folder / str(number)).mkdir()
        lay_out(image, folder / str(number))
    ended = run(
        "tests.lab.recover", str(folder), *([fault] if fault else []), folder=folder, log=log
    )
    assert (ended.returncode, ended.stdout) == (0, ""), ended.stdout + ended.stderr
    shutil.rmtree(folder)
    found: list[list[Op]] = [[] for _ in firsts]
    for op in read(log):
        number, _, name = op.path.partition("/")
        found[int(number)].append(Op(op.kind, name or ".", op.at, _renamed(op)))
    return found


def _renamed(op: Op) -> bytes:
    return Path(op.data.decode()).name.encode() if op.kind == "r" else op.data
