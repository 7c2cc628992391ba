"""What no single key of a rules file can get wrong: groups, dates, contradictions, unknown goods.

Works on the tables as parsed, skipping what has the wrong type, so that these faults are told together with
all the others.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from msgspec import Struct

from config.faults import Problem, key_name

_Path = tuple[str | int, ...]
COUNTED_MAX = 100
"""Rules whose uses are counted over sales; an entry names the counts it read."""
_COUNTED = frozenset({"per_member", "per_day", "total"})


class Known(Struct, frozen=True):
    """What a rule may name. None is not known here and is not checked."""

    products: frozenset[str] | None = None
    categories: frozenset[str] | None = None
    brands: frozenset[str] | None = None
    tiers: frozenset[str] | None = None


NOTHING_KNOWN = Known()


def of_rules(tables: Mapping[str, Any], known: Known) -> Iterator[Problem]:
    """What does not fit together in a rules file."""
    groups = rows_of(tables, "groups")
    promotions = rows_of(tables, "promotions")
    yield from taken(("groups",), groups)
    yield from taken(("promotions",), promotions)
    yield from _counted(("promotions",), promotions)
    yield from _groups(groups)
    names = {str(group.get("id")) for group in groups.values()}
    for at, rule in promotions.items():
        path: _Path = ("promotions", at)
        group = rule.get("group")
        if isinstance(group, str) and group not in names:
            choices = tuple(sorted(names))
            message = f'there is no "{group}" in [[groups]]'
            yield Problem((*path, "group"), message, word=group, choices=choices)
        yield from _promotion(path, rule, known)


def in_order(groups: tuple[Any, ...]) -> list[Any]:
    """The groups in the order they stack: the file's, but each behind those it comes after.

    Those of a circle are left out.
    """
    waiting = list(groups)
    done: list[Any] = []
    while waiting:
        names = {group.id for group in done}
        ready = next((group for group in waiting if names.issuperset(group.after)), None)
        if ready is None:
            return done
        waiting.remove(ready)
        done.append(ready)
    return done


def day(text: str) -> date | None:
    """The day that `2026-11-21` means; None if there is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def rows_of(tables: Mapping[str, Any], name: str) -> dict[int, dict[str, Any]]:
    """Return the tables of a list that are tables, by their place."""
    rows = tables.get(name)
    found = enumerate(rows if isinstance(rows, list) else ())
    return {at: row for at, row in found if isinstance(row, dict)}


def table_of(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the table under a key; empty when there is none."""
    found = row.get(name)
    return found if isinstance(found, dict) else {}


def _texts(row: Mapping[str, Any], name: str) -> list[str]:
    found = row.get(name)
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def taken(path: _Path, rows: Mapping[int, Mapping[str, Any]]) -> Iterator[Problem]:
    """What has the id of another."""
    first: dict[str, _Path] = {}
    for at, row in rows.items():
        name = row.get("id")
        here = (*path, at, "id")
        if isinstance(name, str) and name in first:
            yield Problem(here, f'"{name}" is taken', f"by {key_name(first[name])}")
        elif isinstance(name, str):
            first[name] = here


def _groups(groups: Mapping[int, Mapping[str, Any]]) -> Iterator[Problem]:
    names = {str(group.get("id")) for group in groups.values()}
    after = {str(group.get("id")): set(_texts(group, "after")) & names for group in groups.values()}
    for at, group in groups.items():
        for key in ("after", "excludes"):
            for nth, name in enumerate(_texts(group, key)):
                if name not in names:
                    choices = tuple(sorted(names))
                    message = f'there is no "{name}" in [[groups]]'
                    yield Problem(("groups", at, key, nth), message, word=name, choices=choices)
        circle = _circle(str(group.get("id")), after)
        if circle:
            shown = " → ".join(circle)
            yield Problem(("groups", at, "after"), f"goes round in a circle: {shown}")


def _circle(name: str, after: Mapping[str, set[str]]) -> list[str]:
    """The way from `name` back to itself; empty if there is none."""
    ways = [[name]]
    seen = set()
    while ways:
        way = ways.pop()
        for step in sorted(after.get(way[-1], ())):
            if step == name:
                return [*way, name]
            if step not in seen:
                seen.add(step)
                ways.append([*way, step])
    return []


def _promotion(path: _Path, rule: Mapping[str, Any], known: Known) -> Iterator[Problem]:
    yield from goods_problems((*path, "on"), table_of(rule, "on"), known)
    yield from goods_problems((*path, "gets"), table_of(rule, "gets"), known)
    parts = rows_of(rule, "parts")
    for at, part in parts.items():
        yield from goods_problems((*path, "parts", at, "on"), table_of(part, "on"), known)
    yield from when_problems((*path, "when"), table_of(rule, "when"), known)
    yield from _limit((*path, "limit"), table_of(rule, "limit"))
    match rule.get("kind"):
        case "threshold":
            yield from _steps(path, rule)
        case "spend-get" if ("percent" in rule) == ("price" in rule):
            yield Problem(path, "what is got has either `percent` or `price`")
        case "points-price" if table_of(rule, "when").get("chosen") is not True:
            yield Problem(path, "costs the member points", "`when.chosen = true`")
        case "nth" if _texts_are(rule.get("percents"), 100):
            yield Problem((*path, "percents"), "takes nothing off")
        case "bundle" if rule.get("on"):
            yield Problem((*path, "on"), "a bundle names its goods in `parts`")
        case _:
            pass


def _texts_are(values: Any, wanted: int) -> bool:
    return isinstance(values, list) and bool(values) and all(each == wanted for each in values)


def goods_problems(path: _Path, on: Mapping[str, Any], known: Known) -> Iterator[Problem]:
    """What does not fit together in a table of goods."""
    lists: tuple[tuple[str, frozenset[str] | None, str], ...] = (
        ("products", known.products, "the goods"), ("not_products", known.products, "the goods"),
        ("categories", known.categories, "the categories"),
        ("not_categories", known.categories, "the categories"),
        ("brands", known.brands, "the brands"),
    )  # fmt: skip
    for key, there, where in lists:
        yield from _unknown((*path, key), _texts(on, key), there, where)
    for key in ("products", "categories"):
        both = sorted(set(_texts(on, key)) & set(_texts(on, f"not_{key}")))
        if both:
            yield Problem((*path, f"not_{key}"), f'"{both[0]}" is both named and left out')
    yield from _rising(path, on, "price_min", "price_max")


def _unknown(
    path: _Path, texts: list[str], there: frozenset[str] | None, where: str
) -> Iterator[Problem]:
    if there is None:
        return
    for at, text in enumerate(texts):
        if text not in there:
            choices = tuple(sorted(there))
            message = f'there is no "{text}" among {where}'
            yield Problem((*path, at), message, word=text, choices=choices)


def _rising(path: _Path, row: Mapping[str, Any], low: str, high: str) -> Iterator[Problem]:
    least, most = row.get(low), row.get(high)
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield Problem((*path, high), f"is less than `{low}`, so it never holds")


def when_problems(path: _Path, when: Mapping[str, Any], known: Known) -> Iterator[Problem]:
    """What does not fit together in a table of conditions."""
    yield from _unknown((*path, "tiers"), _texts(when, "tiers"), known.tiers, "the tiers")
    days = {}
    for key in ("since", "until"):
        text = when.get(key)
        if isinstance(text, str):
            days[key] = day(text)
            if days[key] is None:
                yield Problem((*path, key), f'there is no day "{text[:20]}"')
    since, until = days.get("since"), days.get("until")
    if since and until and until < since:
        yield Problem((*path, "until"), "is before `since`, so it never holds")
    elif since and until and _misses(when, since, until):
        yield Problem(
            (*path, "weekdays"), "none of these weekdays lies between `since` and `until`"
        )
    for at, hours in enumerate(_texts(when, "hours")):
        start, _, end = hours.partition("-")
        if start == end:
            yield Problem((*path, "hours", at), "begins when it ends, so it never holds")


def _misses(when: Mapping[str, Any], since: date, until: date) -> bool:
    weekdays = when.get("weekdays")
    if not isinstance(weekdays, list) or not weekdays:
        return False
    ordinals = range(since.toordinal(), min(until.toordinal(), since.toordinal() + 6) + 1)
    return not {date.fromordinal(each).isoweekday() for each in ordinals} & {
        each for each in weekdays if isinstance(each, int)
    }


def _counted(path: _Path, promotions: Mapping[int, Mapping[str, Any]]) -> Iterator[Problem]:
    """More rules with counts than an entry can name."""
    counted = [at for at, rule in promotions.items() if set(table_of(rule, "limit")) & _COUNTED]
    for at in counted[COUNTED_MAX:]:
        message = f"is one limit too many: at most {COUNTED_MAX} rules are counted over sales"
        yield Problem((*path, at, "limit"), message)


def _limit(path: _Path, limit: Mapping[str, Any]) -> Iterator[Problem]:
    tills = limit.get("shared_by")
    for key in ("per_day", "total"):
        most = limit.get(key)
        if isinstance(tills, int) and isinstance(most, int) and most < tills:
            yield Problem((*path, key), f"leaves nothing for each of {tills} tills")
    for low in ("per_sale", "per_member", "per_day"):
        yield from _rising(path, limit, low, "total")


def _steps(path: _Path, rule: Mapping[str, Any]) -> Iterator[Problem]:
    last = 0
    for at, step in rows_of(rule, "steps").items():
        here = (*path, "steps", at)
        start: Any = step.get("start")
        if isinstance(start, int):
            if start <= last:
                yield Problem((*here, "start"), "must be more than the step before it")
            last = start
        wanted = {"each": "amount", "marginal": "percent"}.get(str(rule.get("mode")))
        if ("amount" in step) == ("percent" in step):
            yield Problem(here, "a step has either `amount` or `percent`")
        elif wanted and wanted not in step:
            yield Problem(here, f'in the mode "{rule["mode"]}" a step has `{wanted}`')
        amount: Any = step.get("amount")
        both = isinstance(amount, int) and isinstance(start, int)
        if rule.get("by") != "pieces" and both and amount > start:
            yield Problem((*here, "amount"), "is more than is spent")
    if rule.get("mode") == "marginal" and rule.get("by") == "pieces":
        yield Problem((*path, "by"), 'bands are of money, not "pieces"')
