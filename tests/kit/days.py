"""Plays a day of events on the core alone: what :mod:`terminal.app` does, without ledger or devices."""

from collections.abc import Iterable
from dataclasses import replace

from terminal.core.effects import Effect, Post
from terminal.core.journal import Entry, SalePosted
from terminal.core.pricing.rules import RuleBook
from terminal.core.refusal import Refusal
from terminal.core.till import Event, Till, handle
from terminal.core.turn import Turn
from tests.kit import goods


class Day:
    """The outcome of a day: the till at its end, entries, effects of each event, refusals."""

    def __init__(self, till: Till, rules: RuleBook, events: Iterable[Event]) -> None:
        self.till = till
        self.entries: list[Entry] = []
        self.effects: list[tuple[Effect, ...]] = []
        self.refused: list[Refusal] = []
        self._receipts = 0
        for number, event in enumerate(events):
            after = handle(self.till, event, Turn(rules, f"sale-{number}"))
            if isinstance(after, Refusal):
                self.refused.append(after)
                continue
            operator = self.till.operator or after[0].operator
            self.till, effects = after
            self.effects.append(effects)
            for effect in effects:
                if isinstance(effect, Post):
                    assert operator is not None
                    self._post(effect, operator.number, f"call-{number}")

    def _post(self, post: Post, operator: str, call: str) -> None:
        if isinstance(post.body, SalePosted):
            self._receipts += 1
            number = f"S01-T1-{self._receipts:06}"
            post = replace(post, body=replace(post.body, receipt=number))
        self.entries.append(goods.entry(post, operator=operator, call=call))
