"""How the till is, as the head office's page shows it: program, rules, paper, disk, clock."""

from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from sync.uplink.api import Health
from terminal.app.edges import Edges
from terminal.counter.desk import DeviceLight

FAULT_CHARS_MAX = 400
STEP_MB = 100
"""The disk's room is told in steps, so that it is no news with every sale."""
_MB = 1_000_000
_PAPER = {"paper-out": "out", "paper-low": "low", "ok": "ok"}


def health_of(edges: Edges, lights: Iterable[DeviceLight]) -> Health:
    """Return how the till is now."""
    promotions = edges.promotions
    file = promotions.file
    printers = [_PAPER.get(light.key, "unknown") for light in lights if light.kind == "printer"]
    return Health(
        _program(),
        edges.rules.version if file is None else str(file.version),
        promotions.since_ms,
        "; ".join(promotions.faults)[:FAULT_CHARS_MAX],
        printers[0] if printers else "",
        _free_mb(edges),
        "synchronised" if edges.clock.stamp().trusted else "alone",
    )


def _free_mb(edges: Edges) -> int:
    try:
        room = edges.basket.room()
    except OSError:
        return -1
    return room // _MB // STEP_MB * STEP_MB


@cache
def _program() -> str:
    try:
        return f"tallypoint {version('tallypoint')}"
    except PackageNotFoundError:
        return "tallypoint"
