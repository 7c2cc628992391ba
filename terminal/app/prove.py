"""Proves a lottery's draw from the ledger alone, in words a person can follow."""

from dataclasses import dataclass

from terminal.core.points.acts import lottery_of
from terminal.core.points.entries import LotteryDrawn, LotteryOpened
from terminal.core.points.lottery import Draw, differences
from terminal.store.reader import Reader


@dataclass(frozen=True, slots=True)
class Proof:
    """What was computed again."""

    lines: tuple[str, ...]
    is_good: bool


def prove(reader: Reader, seq: int) -> Proof | None:
    """Return what became of the draw in record ``seq`` and all before it; None: it is no draw."""
    entry = reader.entry(seq)
    if entry is None or not isinstance(entry.body, LotteryDrawn):
        return None
    drawn = entry.body
    opening = reader.entry(drawn.opened)
    if opening is None or not isinstance(opening.body, LotteryOpened):
        return Proof((f"record {drawn.opened} opened no lottery",), is_good=False)
    opened = opening.body
    draws = _draws(reader, drawn.opened, seq)
    found = differences(lottery_of(opened), draws)
    odds = ", ".join(f"{each.name} {each.odds / 10_000:g} %" for each in opened.prizes)
    lines = (
        f"lottery {opened.lottery}, version {opened.version}, opened by record {drawn.opened}: {odds}",
        f"committed to {opened.commitment.hex()}",
        f"draw {drawn.n} of {opened.draws_max}, ticket {drawn.ticket.decode(errors='replace')}",
        f"revealed {drawn.revealed.hex()}, rolled {drawn.roll} of 1000000",
        f"gave {drawn.name or 'nothing'}",
        *(found or (f"equal: all {len(draws)} draws so far were computed again",)),
    )
    return Proof(lines, is_good=not found)


def _draws(reader: Reader, opened: int, last: int) -> list[Draw]:
    """Return the draws of the lottery that ``opened`` holds, up to record ``last``."""
    draws = []
    for seq in range(opened + 1, last + 1):
        entry = reader.entry(seq)
        body = entry.body if entry else None
        if isinstance(body, LotteryDrawn) and body.opened == opened:
            draws.append(Draw(body.n, body.ticket, body.revealed, body.roll, body.prize))
    return draws
