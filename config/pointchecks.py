"""What no single key of a rules file's points can get wrong: ladders, dates, odds, unknown names."""

from collections.abc import Iterator, Mapping
from typing import Any

from config.faults import Problem
from config.rulechecks import Known, goods_problems, rows_of, table_of, taken, when_problems

_Path = tuple[str | int, ...]
_ODDS_WHOLE = 1_000_000
_COMPUTED = ("day", "week", "month", "year")


def of_points(tables: Mapping[str, Any], known: Known) -> Iterator[Problem]:
    """What does not fit together in the points of a rules file."""
    rules = rows_of(tables, "points")
    yield from taken(("points",), rules)
    for at, rule in rules.items():
        yield from _rule(("points", at), rule, known)
    burn = table_of(tables, "burn")
    if burn:
        yield from _burn(burn, known)
    awards = table_of(tables, "awards")
    yield from _terms(("awards",), awards)
    yield from _bands(("awards", "top_up"), table_of(awards, "top_up"))
    yield from taken(("awards", "events"), rows_of(awards, "events"))
    gifts = rows_of(tables, "gifts")
    yield from taken(("gifts",), gifts)
    for at, gift in gifts.items():
        yield from when_problems(("gifts", at, "when"), table_of(gift, "when"), known)
        yield from _gift(("gifts", at), gift, known)
    lotteries = rows_of(tables, "lotteries")
    yield from taken(("lotteries",), lotteries)
    for at, lottery in lotteries.items():
        yield from _lottery(("lotteries", at), lottery)


def _rule(path: _Path, rule: Mapping[str, Any], known: Known) -> Iterator[Problem]:
    yield from _conditions(path, rule, known)
    yield from _bands(path, rule)
    yield from _terms(path, rule)
    for at, factor in rows_of(rule, "factors").items():
        yield from _conditions((*path, "factors", at), factor, known)
    for at, multiple in rows_of(rule, "multiples").items():
        here = (*path, "multiples", at)
        when = table_of(multiple, "when")
        yield from when_problems((*here, "when"), when, known)
        if bool(multiple.get("birthday")) == bool(when):
            yield Problem(here, "a multiple has either `birthday` or `when`")
        elif when and set(when) - {"since", "until", "weekdays", "days", "hours"}:
            yield Problem((*here, "when"), "a festival has days and hours only")
    if rule.get("together") is True and rule.get("every") not in _COMPUTED:
        yield Problem((*path, "together"), "is for rules with `every`")
    if rule.get("kind") == "standing" and (rule.get("pending_days") or rule.get("lapse")):
        yield Problem((*path, "kind"), "standing points neither wait nor lapse")


def _conditions(path: _Path, rule: Mapping[str, Any], known: Known) -> Iterator[Problem]:
    yield from goods_problems((*path, "on"), table_of(rule, "on"), known)
    when = table_of(rule, "when")
    yield from when_problems((*path, "when"), when, known)
    start, _, end = str(when.get("hours") or "0-1").partition("-")
    if start == end:
        yield Problem((*path, "when", "hours"), "begins when it ends, so it never holds")


def _bands(path: _Path, rule: Mapping[str, Any]) -> Iterator[Problem]:
    last = -1
    for at, band in rows_of(rule, "bands").items():
        start: Any = band.get("start", 0)
        if isinstance(start, int):
            if start <= last:
                yield Problem((*path, "bands", at, "start"), "must be more than the band before it")
            last = start


def _terms(path: _Path, rule: Mapping[str, Any]) -> Iterator[Problem]:
    lapse, after = rule.get("lapse", "never"), rule.get("after", 0)
    if lapse == "months" and after == 0:
        yield Problem((*path, "lapse"), "needs `after`: how many months")
    if lapse == "never" and after:
        yield Problem((*path, "after"), "means nothing where points never lapse")


def _burn(burn: Mapping[str, Any], known: Known) -> Iterator[Problem]:
    yield from _conditions(("burn",), burn, known)
    points, money, step = burn.get("points"), burn.get("money"), burn.get("step", 1)
    whole = (type(points), type(money), type(step)) == (int, int, int)
    if whole and points and step * money % points:
        yield Problem(("burn", "step"), "is not worth whole minor units")
    least, most = burn.get("points_min", 0), burn.get("points_max")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield Problem(("burn", "points_max"), "is less than `points_min`, so it never holds")


def _gift(path: _Path, gift: Mapping[str, Any], known: Known) -> Iterator[Problem]:
    what, grants = gift.get("what", "goods"), gift.get("grants", "")
    if what in {"coupon", "upgrade"} and not grants:
        yield Problem((*path, "what"), f"a {what} needs `grants`")
    there = {"goods": known.products, "upgrade": known.tiers}.get(str(what))
    if grants and there is not None and grants not in there:
        choices = tuple(sorted(there))
        yield Problem(
            (*path, "grants"), f'there is no "{grants}"', word=str(grants), choices=choices
        )


def _lottery(path: _Path, lottery: Mapping[str, Any]) -> Iterator[Problem]:
    prizes = rows_of(lottery, "prizes")
    yield from taken((*path, "prizes"), prizes)
    odds = [each.get("odds", 0) for each in prizes.values()]
    if all(isinstance(each, int) for each in odds) and sum(odds) > _ODDS_WHOLE:
        yield Problem((*path, "prizes"), f"the odds add up to {sum(odds)} parts of a million")
    names = {str(each.get("id")) for each in prizes.values()}
    for at, prize in prizes.items():
        instead = prize.get("instead")
        if isinstance(instead, str) and instead not in names:
            here = (*path, "prizes", at, "instead")
            choices = tuple(sorted(names))
            yield Problem(here, f'there is no prize "{instead}"', word=instead, choices=choices)
