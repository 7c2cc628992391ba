"""Exposure: what tills may still spend while they are cut off, and what was spent that nobody granted."""

from dataclasses import dataclass

from sync.hq.exposure import Exposed, exposure, missing
from sync.hq.page.around import Around
from sync.hq.page.language import Language
from sync.hq.page.questions import Given, Question
from sync.hq.reader import HqReader

OVERSPENT_MAX = 200


@dataclass(frozen=True, slots=True)
class OverspentRow:
    """A record that spends what was not granted, or more of it."""

    account: str
    why: str


@dataclass(frozen=True, slots=True)
class ExposureAnswer:
    """By till and unit, the largest first."""

    rows: tuple[Exposed, ...]
    money: int
    """All that is set aside in money, principal and bonus: the worst case."""
    awaited: tuple[str, ...]
    """Tills that must be heard before anything is granted, after this database came from a backup."""
    overspent: tuple[OverspentRow, ...]


@dataclass(frozen=True, slots=True)
class Exposure:
    """The question, over one reader."""

    reader: HqReader
    around: Around

    def questions(self) -> dict[str, Question]:
        """Return every question by the name it has in paths and calls."""
        return {"exposure": self.exposure}

    def exposure(self, _path: Given, _query: Given, _language: Language) -> ExposureAnswer:
        """Return what is set aside."""
        with self.reader.reading() as ask:
            rows = exposure(ask, self.around.now_ms())
            overspent = ask(
                "SELECT account, why FROM overspent ORDER BY record DESC LIMIT ?", (OVERSPENT_MAX,)
            ).fetchall()
            (timeline,) = ask("SELECT value FROM state WHERE name = 'timeline'").fetchone()
            awaited = missing(ask, timeline)
        money = sum(row.amount for row in rows if row.unit != "points")
        return ExposureAnswer(
            tuple(rows), money, tuple(awaited), tuple(OverspentRow(*row) for row in overspent)
        )
