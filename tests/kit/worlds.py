"""Worlds in which a payment off a card is interrupted: where, what became of the card, what happens next.

A world is one sale at a real till (loop side, ledger, teller, family, simulated card) that is cut off at
one step, with one fate of the command that commits, one future of the card, and a second cut while it is
taken up.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from terminal.codec.master import FORMAT, PurseTold
from terminal.core.journal import PurseSettled, SalePosted
from terminal.core.purse.words import Doubt, DoubtState, Outcome
from terminal.core.sale import Idle
from tests.cards.issued import EV2, blank, issued, moved, opened
from tests.cards.sim.desfire import ATR, Desfire
from tests.cards.sim.power import Fate
from tests.kit.purses import Field, Till, prepare, started
from tests.kit.till import WATER

MONEY, PRICE = 5_000, 200
COMMIT = 7
"""The command that commits, counted from 0 from the moment the card is laid on."""
STEPS = 22
"""Steps of a payment: before and after each of eight commands, and of two commits, and some to spare."""
RECOVERY = 14
"""Steps of taking it up again."""
FATES = ("obeyed", "lost", "unheard", "garbled", "bare", "short")
LIES: dict[str, Callable[[bytes], bytes]] = {
    "garbled": lambda said: bytes((said[0] ^ 1,)) + said[1:],
    "bare": lambda said: said[-2:],
    "short": lambda said: said[1:],
}
"""Answers with a wrong, with no and with a short MAC."""
FUTURES = ("same", "other", "elsewhere", "aged", "never")
SECOND = {"same": range(RECOVERY), "other": range(0, RECOVERY, 2)}
"""Where it is cut a second time; of other futures at every third step."""


class PowerCutError(BaseException):
    """The till ends here, as when its plug is pulled."""


@dataclass(frozen=True)
class World:
    cut: int | None
    """The step after which the power goes; None: it does not."""
    fate: str
    future: str
    second: int | None

    def __str__(self) -> str:
        return f"cut {self.cut}, {self.fate}, {self.future}, cut again {self.second}"


def worlds() -> Iterator[World]:
    """Yield every world; a fate of the commit is told apart only where it is reached."""
    for cut in (*range(STEPS), None):
        reached = cut is None or cut > COMMIT * 2 + 2
        for fate in FATES if reached else FATES[:1]:
            for future in FUTURES:
                for second in (None, *SECOND.get(future, range(0, RECOVERY, 3))):
                    yield World(cut, fate, future, second)


@dataclass
class Plug:
    """Counts steps and pulls the plug after so many."""

    left: int | None = None

    def step(self) -> None:
        if self.left is not None:
            if self.left == 0:
                raise PowerCutError
            self.left -= 1


class Wired(Field):
    """A card's field in which every command is a step before and after."""

    plug = Plug()

    def __call__(self, command: bytes):
        self.plug.step()
        answer = super().__call__(command)
        self.plug.step()
        return answer


@dataclass
class Shop:
    """Tills that are copied for each world from one that has a basket open."""

    template: Path
    folder: Path
    card: object = field(default_factory=lambda: issued(EV2, MONEY).image())
    made: int = 0

    @classmethod
    def open(cls, folder: Path) -> "Shop":
        template = folder / "template"
        till = started(prepare(template))
        till.fill(WATER)
        till.close()
        return cls(template, folder)

    def run(self, world: World) -> list[str]:
        """Live through ``world``; return what does not hold at its end."""
        self.made += 1
        folder = self.folder / f"world-{self.made}"
        shutil.copytree(self.template, folder)
        card = issued_from(self.card)
        life = Life(folder, card, world)
        try:
            life.live()
            return life.faults()
        finally:
            life.end()
            shutil.rmtree(folder)


def issued_from(image: object) -> Desfire:
    card = blank(EV2)
    card.restore(image)
    return card


@dataclass
class Life:
    """One world as it goes on."""

    folder: Path
    card: Desfire
    world: World
    till: Till | None = None
    others: int = 0
    """What was taken off the card by others."""
    starts: int = 0

    def live(self) -> None:
        world = self.world
        self.guarded(world.cut, self.pay)
        for future in (world.second, None):
            cut = self.guarded(future, self.go_on)
            if not cut:
                break

    def guarded(self, left: int | None, act: Callable[[], None]) -> bool:
        """Do ``act`` with the plug set; return whether it was pulled."""
        plug = Wired.plug = Plug()
        try:
            if self.till is None:
                self.till = self.start(plug, left)
            plug.left = left
            act()
        except PowerCutError:
            plug.left = None
            self.end()
            self.card.power_off()
            return True
        finally:
            plug.left = None
        return False

    def start(self, plug: Plug, left: int | None) -> Till:
        self.starts += 1
        if self.starts > 1 and (self.world.cut or 0) % 2:
            # The open basket is not synced: a power cut may take it.
            (self.folder / "till" / "basket").unlink(missing_ok=True)
        till = started(self.folder / "terminal.toml", ATR)
        post = till.edges.ledger.post

        def posted(*what: object) -> int:
            plug.step()
            seq = post(*what)
            plug.step()
            return seq

        till.edges.ledger.post = posted
        return till

    def pay(self) -> None:
        assert self.till is not None
        self.till.pay(PRICE)
        self.till.lay(self.fated(), ATR, Wired)
        self.till.lift()
        self.card.power_off()

    def fated(self) -> Fate:
        match self.world.fate:
            case "lost":
                return Fate(self.card, lost_at=COMMIT)
            case "unheard":
                return Fate(self.card, unheard_at=COMMIT)
            case "garbled" | "bare" | "short" as how:
                return Fate(self.card, lie_at=COMMIT, lie=LIES[how])
            case _:
                return Fate(self.card)

    def go_on(self) -> None:
        """What happens to the card from now on."""
        assert self.till is not None
        match self.world.future:
            case "never":
                return
            case "other":
                self.seen_elsewhere()
            case "elsewhere" if not self.others:
                self.use(1)
            case "aged" if not self.others:
                self.use(17)
        self.till.lay(self.card, ATR, Wired)
        self.till.lift()
        self.card.power_off()

    def use(self, times: int) -> None:
        """Pay somewhere else, the same amount: a balance alone would be mistaken."""
        for number in range(times):
            self.card.power_off()
            there = replace(moved(PRICE, sequence=900 + number), terminal=b"other\0")
            opened(self.card).move(there)
            self.others += PRICE
        self.card.power_off()

    def seen_elsewhere(self) -> None:
        """Another till, to which the head office told what is open, sees the card; ours is told of it."""
        assert self.till is not None
        told = self.till.doubts
        other = started(prepare(self.folder / "other", "S01-T2"), ATR)
        try:
            other.edges.money.tell_of(map(as_told, told))
            for _ in told:
                other.lay(self.card, ATR)
                other.lift()
                self.card.power_off()
            said = [body for body in bodies(other) if isinstance(body, PurseSettled)]
        finally:
            other.close()
            shutil.rmtree(self.folder / "other")
        outcomes = {word.sequence: word.outcome for word in said if word.is_witness}
        seen = [
            as_told(doubt, outcomes[doubt.sequence])
            for doubt in self.till.doubts
            if doubt.sequence in outcomes
        ]
        for settled in self.till.edges.money.tell_of(seen):
            self.till.take_core(settled)

    def faults(self) -> list[str]:
        """Return what does not hold now."""
        till = self.till or self.start(Plug(), None)
        self.till = till
        gone = MONEY - money_on(self.card) - self.others
        times, rest = divmod(gone, PRICE)
        paid = sum(
            1
            for body in bodies(till)
            if isinstance(body, PurseSettled) and body.outcome == Outcome.PAID
        )
        unsettled = [doubt for doubt in till.doubts if doubt.state != DoubtState.OWED]
        sales = [body for body in bodies(till) if isinstance(body, SalePosted)]
        # A basket for which nothing was taken may go with the file that it lies in.
        is_nothing = not paid and not unsettled and bool((self.world.cut or 0) % 2)
        shown = till.attendant.view().purse_doubts
        ledger = till.edges.ledger
        rules = {
            "an amount that nobody asked for": not rest,
            "debited twice": times <= 1,
            "a debit that nobody sees": paid <= times <= paid + len(unsettled),
            "a doubt that the page does not show": shown == till.doubts,
            "the sale is lost": bool(sales) or is_nothing or not isinstance(till.state, Idle),
            "sold, but not paid": len(sales) <= paid,
            "paid, but not sold": paid <= len(sales),
            "the books": ledger.balance("house:purses", "money") == PRICE * paid,
            "owed": not any(doubt.state == DoubtState.OWED for doubt in till.doubts),
            "not settled by its next tap": self.is_settled(till.doubts, sales),
        }
        return [name for name, holds in rules.items() if not holds]

    def is_settled(self, doubts: tuple[Doubt, ...], sales: list[SalePosted]) -> bool:
        """Return whether the card has told all that it can."""
        states = {doubt.state for doubt in doubts}
        match self.world.future:
            case "never":
                return True
            case "aged":
                return states <= {DoubtState.UNPROVEN.value}
            case _:
                return not states and (bool(sales) or not is_asked(self.till))

    def end(self) -> None:
        if self.till is not None:
            self.till.close()
            self.till = None


def as_told(doubt: Doubt, outcome: str = "") -> PurseTold:
    """Return ``doubt`` as the head office tells it."""
    return PurseTold(
        FORMAT, doubt.purse, doubt.terminal, doubt.sequence, doubt.move, doubt.amount, doubt.counter,
        doubt.balance, doubt.when, doubt.family, outcome,
    )  # fmt: skip


def is_asked(till: Till | None) -> bool:
    """Return whether the till still waits for a card: then the card would have paid when it was laid on."""
    assert till is not None
    return type(till.attendant._till.purse).__name__ != "Free"


def money_on(card: Desfire) -> int:
    (value,) = (f.value for f in card.applications[b"TAL"].files.values() if f.kind == 2)
    return value


def bodies(till: Till) -> list[object]:
    ledger = till.edges.ledger
    return [ledger.entry(seq).body for seq in range(1, ledger.head_seq + 1)]
