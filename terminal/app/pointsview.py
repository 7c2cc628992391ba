"""A member's points as JSON: lots with their days, gifts, lotteries and awards, and why not."""

from terminal.core.points import acts, tallies
from terminal.core.points.acts import Scene, Wanted
from terminal.core.points.entries import LotPart
from terminal.core.points.lots import burn_order
from terminal.core.points.program import Raffle, StockedGift
from terminal.core.points.refused import Refused
from terminal.core.points.tallies import Tally
from terminal.core.pricing.basket import Member
from terminal.store.reader import Reader

Json = dict[str, object]


class ReaderBooks:
    """A ledger that is only read, as a wallet asks it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.ledger_id, _ = reader.head()

    def holdings(self, account: str) -> dict[str, int]:
        """Return the signed balances of an account by unit."""
        return self._reader.holdings(account)

    def lots(self, account: str) -> tuple[LotPart, ...]:
        """Return what this ledger did to the dated lots of a member."""
        return self._reader.lots(account)

    def tally(self, name: str) -> Tally:
        """Return what was given before under a name."""
        return self._reader.tally(name)


def points_json(scene: Scene, who: Member) -> Json:
    """Return the points of ``who`` and what is to be had for them now."""
    holding, date, program = scene.holding, scene.date, scene.program
    burn, rule = program.burn, program.check_in
    streak = scene.tally(tallies.streak(rule.id, who.account)) if rule else None
    joined = program.registration
    return {
        "account": who.account,
        "points": who.points,
        "available": holding.available(date),
        "pending": holding.pending(date),
        "standing": who.standing,
        "debt": holding.debt,
        "lots": [
            {"points": lot.left, "usable_on": lot.usable_on, "lapses_on": lot.lapses_on}
            for lot in sorted(holding.lots, key=burn_order)
            if lot.left
        ],
        "gifts": [_gift(each, scene) for each in program.gifts],
        "lotteries": [_lottery(each, scene) for each in program.raffles],
        "events": [
            {"id": each.id, "name": each.name, "points": each.points}
            for each in program.occurrences
        ],
        "check_in": rule
        and streak
        and {"name": rule.name, "days": streak.count, "today": streak.day == date},
        "welcome": joined is not None
        and not scene.tally(tallies.award(joined.id, who.account)).count,
        "burn": burn and {"points": burn.points, "money": burn.money, "step": burn.step},
    }


def _gift(stocked: StockedGift, scene: Scene) -> Json:
    gift, found = stocked.gift, acts.may_have(scene, Wanted(stocked.gift.id, 1))
    gone = scene.tally(tallies.gift(gift.id)).count
    return {
        "id": gift.id,
        "name": gift.name,
        "what": gift.what.value,
        "points": gift.points,
        "money": gift.money,
        "left": None if stocked.stock is None else max(0, stocked.stock - gone),
        "why": found.reason.value if isinstance(found, Refused) else "",
    }


def _lottery(raffle: Raffle, scene: Scene) -> Json:
    opened = scene.tally(tallies.lottery(raffle.id, raffle.version)).count
    drawn = scene.tally(tallies.draws(opened)).count
    return {
        "id": raffle.id,
        "name": raffle.name,
        "points": raffle.points,
        "drawn": drawn,
        "draws": raffle.draws_max,
        "why": "points-not-enough" if raffle.points > scene.available else "",
        "prizes": [
            {
                "name": each.name,
                "odds": each.odds,
                "left": max(0, each.stock - scene.tally(tallies.prize(opened, each.id)).count),
            }
            for each in raffle.prizes
        ],
    }
