"""A fleet's day: prepare the tills, let them come, and tell how it went."""

import asyncio
import resource
import secrets
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sync.fleet.till import Figures, SimulatedTill

TERMINALS_MAX = 20_000
ENTRIES_MAX = 500_000
"""All ledgers lie in memory: about a gigabyte."""
COMING_AT_ONCE = 50
"""Connections being made at the same time; a broker's queue of them is short."""
LOOK_S = 0.5
_SPARE_FILES = 200


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be simulated."""

    host: str
    port: int
    terminals: int
    sales: int
    """Of each till."""
    every_s: float = 0.0
    """Between two sales of a till; 0 when all of them wait already, and the tills come back together."""
    patience_s: float = 300.0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went."""

    figures: Figures
    entries: int
    through: int
    """Tills whose last entry is acknowledged."""
    prepared_s: float
    took_s: float
    """From the first connection to the last acknowledgement, or to the end of patience."""

    def lines(self, plan: Plan) -> Iterator[str]:
        """Yield the outcome for a person."""
        figures = self.figures
        tills = f"{self.through} of {plan.terminals} tills"
        yield f"acknowledged {figures.acked} of {self.entries} entries, {tills}"
        yield f"drained in {self.took_s:.1f} s, {figures.acked / max(self.took_s, 1e-9):,.0f} entries/s"
        if figures.ack_ms:
            p50, p99 = statistics.median(figures.ack_ms), percentile(figures.ack_ms, 99)
            yield f"{figures.batches} batches, acknowledged in {p50:.0f} ms p50, {p99:.0f} ms p99"
        yield f"repeated {figures.repeated}, connections lost {figures.lost}"
        for key, count in sorted(figures.troubles.items()):
            yield f"trouble: {key} {count} times"


class TooFewFilesError(Exception):
    """The system allows fewer open files than tills need connections."""


def percentile(values: list[float], percent: int) -> float:
    """Return the value that ``percent`` of the others do not exceed.

    >>> percentile([3.0, 1.0, 2.0], 99)
    3.0
    """
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def simulate(plan: Plan, say: Callable[[str], None]) -> Outcome:
    """Run ``plan``; ``say`` is given a line of progress now and then.

    Raises:
        OSError: The broker cannot be reached.
        TooFewFilesError: Name it to whoever looks after the machine.
    """
    with _files(plan.terminals + _SPARE_FILES):
        return asyncio.run(_simulate(plan, say))


async def _simulate(plan: Plan, say: Callable[[str], None]) -> Outcome:
    began = time.perf_counter()
    figures, run = Figures(), secrets.token_hex(4)
    tills = [
        SimulatedTill(f"SIM-{run}-{n:05d}", run, plan.seed, figures)
        for n in range(1, plan.terminals + 1)
    ]
    if not plan.every_s:
        for count, till in enumerate(tills, 1):
            for _ in range(plan.sales):
                till.sell()
            if count % 200 == 0:
                say(f"prepared {count} of {plan.terminals} tills")
    prepared_s = time.perf_counter() - began
    began = time.perf_counter()
    try:
        async with asyncio.timeout(plan.patience_s):
            await _come(plan, tills)
            await asyncio.gather(_sold(plan, tills), _told(plan, tills, figures, say))
    except TimeoutError:
        say("patience ended")
    took_s = time.perf_counter() - began
    for till in tills:
        till.stop()
    through = sum(till.is_through for till in tills)
    entries = sum(till.ledger.head for till in tills)
    return Outcome(figures, entries, through, prepared_s, took_s)


async def _come(plan: Plan, tills: list[SimulatedTill]) -> None:
    for start in range(0, len(tills), COMING_AT_ONCE):
        some = tills[start : start + COMING_AT_ONCE]
        await asyncio.gather(*(till.connect(plan.host, plan.port) for till in some))


async def _sold(plan: Plan, tills: list[SimulatedTill]) -> None:
    """Sell now and then at each till, the tills one after another."""
    if not plan.every_s:
        return
    pause = plan.every_s / len(tills)
    began = time.perf_counter()
    for number in range(plan.sales * len(tills)):
        await asyncio.sleep(max(0.0, began + number * pause - time.perf_counter()))
        tills[number % len(tills)].sell()


async def _told(
    plan: Plan, tills: list[SimulatedTill], figures: Figures, say: Callable[[str], None]
) -> None:
    """Return once every till is through, telling how far they are."""
    entries = plan.sales * plan.terminals
    while True:
        through = sum(till.is_through for till in tills)
        say(f"{through} of {plan.terminals} tills, {figures.acked} of {entries} entries")
        if through == plan.terminals and figures.acked >= entries:
            return
        await asyncio.sleep(LOOK_S)


@contextmanager
def _files(wanted: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise TooFewFilesError(f"{wanted} files must be open at once; the system allows {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
