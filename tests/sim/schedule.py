"""What can happen, as data: a schedule is a list of these, drawn from a seed before anything runs."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Sell:
    """A till sells: ``amount`` in fen to ``member`` (empty: nobody); with ``ahead`` part is paid before."""

    till: int
    amount: int
    member: str = ""
    ahead: int = 0


@dataclass(frozen=True)
class TopUp:
    """A member pays in at a till."""

    till: int
    amount: int
    member: str


@dataclass(frozen=True)
class Come:
    """A member comes to a till, which asks for what they may spend."""

    till: int
    member: str


@dataclass(frozen=True)
class Spend:
    """A member pays with stored value at a till: as much of ``amount`` as the till lets them."""

    till: int
    amount: int
    member: str


@dataclass(frozen=True)
class Close:
    """A till gives back what it holds of everybody's value."""

    till: int


@dataclass(frozen=True)
class SetClock:
    """A till's clock is wrong by so many hours from now on."""

    till: int
    hours: int


@dataclass(frozen=True)
class Wait:
    """So many hours pass."""

    hours: int


@dataclass(frozen=True)
class Deliver:
    """The next ``count`` messages or alarms come due."""

    count: int


@dataclass(frozen=True)
class PowerCut:
    """A till loses power and starts again; ``is_kept`` tells whether what was not synced survived."""

    till: int
    is_kept: bool


@dataclass(frozen=True)
class KillHq:
    """The head office is killed and started again. ``is_mid_answer``: after a commit, before its answer."""

    is_mid_answer: bool


@dataclass(frozen=True)
class BackUp:
    """A till's files are copied."""

    till: int


@dataclass(frozen=True)
class Restore:
    """A till is put back to its last backup: by our command, or its whole card by somebody."""

    till: int
    is_by_tool: bool
    sells: int = 0
    """Sales before anybody answers."""


@dataclass(frozen=True)
class Clone:
    """A till's card is copied into a second machine, which sells on by itself."""

    till: int


@dataclass(frozen=True)
class BackUpHq:
    """The head office's database is copied."""


@dataclass(frozen=True)
class RestoreHq:
    """The head office comes back from its last backup."""


@dataclass(frozen=True)
class Cut:
    """A till's connection breaks; what was on its way down is lost."""

    till: int


@dataclass(frozen=True)
class Part:
    """A till can reach nobody for so many deliveries."""

    till: int
    deliveries: int


@dataclass(frozen=True)
class Weather:
    """From now on the link is so bad, in percent of messages."""

    lost: int = 0
    doubled: int = 0
    forged: int = 0
    delay_ms: int = 5


Action = (
    Sell | TopUp | Come | Spend | Close | SetClock | Wait | Deliver | PowerCut | KillHq | BackUp
    | Restore | Clone | BackUpHq | RestoreHq | Cut | Part | Weather
)  # fmt: skip
CLONES_MAX = 2
"""Machines with a copied card, numbered after the tills; where there is none, the number wraps around."""
Schedule = tuple[Action, ...]
MEMBERS = ("", "100001", "100002", "100003")


def draw(seed: int, actions: int, tills: int) -> Schedule:
    """Return the schedule of ``seed``."""
    dice = random.Random(seed)
    made: list[Action] = [_weather(dice)]
    kinds, weights = zip(*(_VALUE if seed % 3 == 1 else _WEIGHTS), strict=True)
    is_copied = seed % 3 == 0
    while len(made) < actions:
        kind = dice.choices(kinds, weights)[0]
        action = kind(dice, dice.randrange(tills + CLONES_MAX))
        if is_copied or not _copies(action):
            made.append(action)
    return tuple(made)


def _copies(action: Action) -> bool:
    """Whether afterwards two cards hold the same ledger, or one an older state of it unawares."""
    return isinstance(action, Clone) or (isinstance(action, Restore) and not action.is_by_tool)


def _sell(dice: random.Random, till: int) -> Action:
    amount = dice.randrange(100, 50_000)
    ahead = dice.randrange(1, amount) if dice.randrange(6) == 0 else 0
    return Sell(till, amount, dice.choice(MEMBERS), ahead)


def _member(dice: random.Random) -> str:
    return dice.choice(MEMBERS[1:])


def _weather(dice: random.Random, _till: int = 0) -> Action:
    if dice.randrange(3) == 0:
        return Weather()
    return Weather(
        dice.randrange(40), dice.randrange(40), dice.randrange(15), dice.choice((50, 4_000))
    )


_WEIGHTS = (
    (_sell, 40),
    (lambda dice, till: TopUp(till, dice.randrange(1_000, 50_000), _member(dice)), 8),
    (lambda dice, till: Come(till, _member(dice)), 14),
    (lambda dice, till: Spend(till, dice.randrange(100, 30_000), _member(dice)), 14),
    (lambda _dice, till: Close(till), 4),
    (lambda dice, till: SetClock(till, dice.choice((-30, 0, 0, 30))), 2),
    (lambda dice, _till: Wait(dice.choice((1, 2, 10))), 3),
    (lambda dice, _till: Deliver(dice.choice((1, 1, 2, 5, 15))), 60),
    (lambda dice, till: PowerCut(till, dice.randrange(2) == 0), 5),
    (lambda dice, _till: KillHq(dice.randrange(2) == 0), 5),
    (lambda _dice, till: Cut(till), 4),
    (lambda dice, till: Part(till, dice.randrange(5, 40)), 3),
    (_weather, 3),
    (lambda _dice, _till: BackUpHq(), 3),
    (lambda _dice, _till: RestoreHq(), 1),
    (lambda _dice, till: BackUp(till), 8),
    (lambda dice, till: Restore(till, dice.randrange(4) > 0, dice.randrange(3)), 5),
    (lambda _dice, till: Clone(till), 1),
)  # fmt: skip


_VALUE = (
    (lambda dice, till: TopUp(till, dice.randrange(1_000, 50_000), MEMBERS[1]), 6),
    (lambda _dice, till: Come(till, MEMBERS[1]), 26),
    (lambda dice, till: Spend(till, dice.randrange(10_000, 90_000), MEMBERS[1]), 20),
    (lambda _dice, till: Close(till), 6),
    (lambda dice, till: SetClock(till, dice.choice((-30, -30, 0, 30))), 4),
    (lambda dice, _till: Wait(dice.choice((1, 2, 10))), 6),
    (lambda dice, _till: Deliver(dice.choice((2, 8, 20))), 50),
    (lambda dice, till: PowerCut(till, dice.randrange(2) == 0), 4),
    (lambda dice, _till: KillHq(dice.randrange(2) == 0), 3),
    (lambda _dice, till: Cut(till), 3),
    (lambda dice, till: Part(till, dice.randrange(20, 80)), 4),
    (_weather, 2),
    (lambda _dice, _till: BackUpHq(), 4),
    (lambda _dice, _till: RestoreHq(), 3),
    (lambda _dice, till: BackUp(till), 4),
    (lambda dice, till: Restore(till, is_by_tool=True, sells=dice.randrange(3)), 3),
)  # fmt: skip
"""One member's money at all tills at once."""


def text(schedule: Schedule) -> str:
    """Return ``schedule`` as Python."""
    return "(\n" + "".join(f"    {action!r},\n" for action in schedule) + ")"
