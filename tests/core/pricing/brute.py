"""Prices a basket the slow way: every combination of rules, every unit on its own.

Written from the words of the rules and importing nothing of the engine, so that both are wrong together only
if both read the words wrongly. Rules are tables as a rules file has them; lines are tables too.
"""

from itertools import combinations


def half_up(number, part, whole):
    return (2 * number * part + whole) // (2 * whole)


def shared(total, weights):
    if not sum(weights):
        return [total] + [0] * (len(weights) - 1) if weights else []
    parts = [total * weight // sum(weights) for weight in weights]
    rest = [total * weight % sum(weights) for weight in weights]
    for place in sorted(range(len(weights)), key=lambda n: (-rest[n], n))[: total - sum(parts)]:
        parts[place] += 1
    return parts


def is_named(line, on):
    return (
        (not on.get("products") or line["code"] in on["products"])
        and (not on.get("categories") or line["category"] in on["categories"])
        and (not on.get("brands") or line.get("brand") in on["brands"])
        and line["code"] not in on.get("not_products", ())
        and line["category"] not in on.get("not_categories", ())
        and on.get("price_min", 0) <= line["price"] <= on.get("price_max", 10**15)
    )


def cheapest(lines, rules, groups, *, points=0, below_cost=True, round_to=0):
    """Return the least total of all combinations, its rules, and the net of each line as given."""
    order = sorted(
        range(len(lines)),
        key=lambda n: (
            -lines[n]["price"],
            lines[n]["code"],
            -lines[n]["quantity"],
            lines[n]["category"],
            n,
        ),
    )
    laid = [lines[place] for place in order]
    places = {group["id"]: n for n, group in enumerate(groups)}
    rules = [rule for rule in rules if rule.get("holds", True) and has_enough(rule, laid)]
    rules.sort(key=lambda rule: (places[rule["group"]], -rule.get("priority", 0), rule["id"]))
    optional = [
        rule for rule in rules if groups[places[rule["group"]]].get("policy", "best") == "best"
    ]
    best = None
    for size in range(len(optional) + 1):
        for out in combinations(optional, size):
            chosen = [rule for rule in rules if not any(rule is each for each in out)]
            found = Counter(laid, groups, points, below_cost).all_of(chosen)
            if best is None or sum(found) < sum(best):
                best = found
    if round_to:
        off = sum(best) % round_to
        best = [net - each for net, each in zip(best, shared(off, best), strict=True)]
    nets = [0] * len(lines)
    for net, place in zip(best, order, strict=True):
        nets[place] = net
    return sum(nets), nets


def has_enough(rule, lines):
    when = rule.get("when", {})
    named = [line for line in lines if any(is_named(line, on) for on in selectors(rule))]
    if rule["kind"] not in ("bundle", "spend-get"):
        named = [line for line in lines if is_named(line, rule.get("on", {}))]
    else:
        named = [line for line in named if is_named(line, rule.get("on", {}))]
    gross = sum(half_up(line["price"], line["quantity"], 1000) for line in named)
    pieces = sum(line["quantity"] // 1000 for line in named if is_counted(line))
    return gross >= when.get("amount_min", 0) and pieces >= when.get("pieces_min", 0)


def selectors(rule):
    if rule["kind"] == "bundle":
        return [part["on"] for part in rule["parts"]]
    if rule["kind"] == "spend-get":
        return [rule.get("on", {}), rule["gets"]]
    return [rule.get("on", {})]


def is_counted(line):
    return line.get("unit", "piece") == "piece" and line["quantity"] % 1000 == 0


class Counter:
    """One combination, one unit after the other.

    A line is a list of units [net, groups it took part in]; weighed goods are one unit.
    """

    def __init__(self, lines, groups, points, below_cost):
        self.lines, self.groups, self.points = lines, groups, points
        self.units = []
        self.floors = []
        for line in lines:
            gross = half_up(line["price"], line["quantity"], 1000)
            count = line["quantity"] // 1000 if is_counted(line) else 1
            self.units.append([[net, set()] for net in shared(gross, [1] * count)])
            floor = half_up(line.get("price_min", 0), line["quantity"], 1000)
            if not below_cost and "cost" in line:
                taxed = line["cost"] * line["quantity"] * (10_000 + line.get("tax", 0))
                floor = max(floor, -(-taxed // 10_000_000))
            self.floors.append(min(gross, floor))

    def all_of(self, rules):
        for n, group in enumerate(self.groups):
            self.level(n)
            here = [rule for rule in rules if rule["group"] == group["id"]]
            for rule in here:
                if not self.is_of_line(rule):
                    self.several(rule, n)
            self.lines_of([rule for rule in here if self.is_of_line(rule)], n)
        return [sum(net for net, _ in units) for units in self.units]

    def is_of_line(self, rule):
        return rule["kind"] in ("percent", "amount", "price", "level") and not (
            "cap" in rule or "left" in rule
        )

    def excluded(self, n):
        group = self.groups[n]
        return {n} | {
            k for k, other in enumerate(self.groups)
            if other["id"] in group.get("excludes", ()) or group["id"] in other.get("excludes", ())
        }  # fmt: skip

    def level(self, n):
        """Units of a line that are treated alike from here on have equal nets, but for a fen."""
        meaning = {k for later in range(n, len(self.groups)) for k in self.excluded(later) if k < n}
        for units in self.units:
            kinds = {}
            for unit in units:
                unit[1] &= meaning
                kinds.setdefault(tuple(sorted(unit[1])), []).append(unit)
            for alike in kinds.values():
                nets = shared(sum(unit[0] for unit in alike), [1] * len(alike))
                for unit, net in zip(alike, nets, strict=True):
                    unit[0] = net

    def free(self, n, on):
        """Line and units that may still take part, by kind of unit."""
        barred = self.excluded(n)
        found = []
        for at, line in enumerate(self.lines):
            if is_named(line, on):
                kinds = {}
                for unit in self.units[at]:
                    if not unit[1] & barred:
                        kinds.setdefault(tuple(sorted(unit[1])), []).append(unit)
                found += [(at, alike) for alike in kinds.values()]
        return found

    def room(self, at):
        return max(0, sum(net for net, _ in self.units[at]) - self.floors[at])

    def take(self, at, units, off, n):
        """Take ``off`` from these units together; they took part."""
        off = min(off, self.room(at))
        nets = shared(sum(unit[0] for unit in units) - off, [1] * len(units))
        for unit, net in zip(units, nets, strict=True):
            unit[0] = net
            unit[1].add(n)

    def after(self, rule, line, net, quantity):
        kind = rule["kind"]
        if kind == "percent":
            return half_up(net, rule["percent"], 100)
        if kind == "amount":
            return max(0, net - half_up(rule["amount"], quantity, 1000))
        price = (
            rule["price"]
            if kind in ("price", "points-price")
            else line.get("levels", {}).get(rule["level"])
        )
        return net if price is None else min(net, half_up(price, quantity, 1000))

    def lines_of(self, rules, n):
        for at, line in enumerate(self.lines):
            wanted = [rule for rule in rules if is_named(line, rule.get("on", {}))]
            for _, units in [each for each in self.free(n, {}) if each[0] == at]:
                quantity = 1000 * len(units) if is_counted(line) else line["quantity"]
                net = sum(unit[0] for unit in units)
                after = min([self.after(rule, line, net, quantity) for rule in wanted], default=net)
                if after < net:
                    self.take(at, units, net - after, n)

    def dearest(self, n, on):
        found = [
            (unit[0], at, unit)
            for at, units in self.free(n, on)
            if is_counted(self.lines[at])
            for unit in units
        ]
        return sorted(found, key=lambda each: (-each[0], each[1]))

    def several(self, rule, n):
        parts = getattr(self, "of_" + rule["kind"].replace("-", "_"), self.of_limited)(rule, n)
        if "cap" in rule and rule["kind"] != "threshold":
            joined = {}
            for at, units, off in parts:
                key = (at, frozenset(units[0][1]) if units else ())
                old = joined.setdefault(key, [at, [], 0])
                old[1] += units
                old[2] += off
            left = {at: self.room(at) for at, _, _ in joined.values()}
            parts = []
            for at, units, off in joined.values():
                parts.append((at, units, min(off, left[at])))
                left[at] -= parts[-1][2]
            if sum(part[2] for part in parts) > rule["cap"]:
                off = shared(rule["cap"], [part[2] for part in parts])
                parts = [(at, units, each) for (at, units, _), each in zip(parts, off, strict=True)]
        if any(min(off, self.room(at)) for at, _, off in parts):
            for at, units, off in parts:
                self.take(at, units, off, n)
            self.points -= rule.get("points", 0) * sum(len(units) for _, units, off in parts if off)

    def of_threshold(self, rule, n):
        free = self.free(n, rule.get("on", {}))
        nets = [sum(unit[0] for unit in units) for _, units in free]
        pieces = sum(len(units) for at, units in free if is_counted(self.lines[at]))
        measured = pieces if rule.get("by") == "pieces" else sum(nets)
        steps, mode = rule["steps"], rule.get("mode", "highest")
        if not nets or measured < steps[0]["start"] or rule.get("left", 1) < 1:
            return []
        reached = [step for step in steps if step["start"] <= measured]
        if mode == "highest" and "percent" in reached[-1]:
            off = [net - half_up(net, reached[-1]["percent"], 100) for net in nets]
        else:
            amount = reached[-1].get("amount", 0)
            if mode == "each":
                amount, left = 0, rule.get("left", 10**9)
                for step in reversed(steps):
                    while measured >= step["start"] and left:
                        amount, measured, left = (
                            amount + step["amount"],
                            measured - step["start"],
                            left - 1,
                        )
            if mode == "marginal":
                hundredths = 0
                for step, following in zip(
                    reached, [*reached[1:], {"start": measured}], strict=True
                ):
                    hundredths += (following["start"] - step["start"]) * (100 - step["percent"])
                amount = (hundredths + 50) // 100
            off = shared(min(amount, sum(nets)), nets)
        if "cap" in rule and sum(off) > rule["cap"]:
            off = shared(rule["cap"], off)
        return [
            (at, units, each)
            for (at, units), each in zip(free, self.fitting(free, nets, off), strict=True)
        ]

    def fitting(self, free, nets, off):
        left = {at: self.room(at) for at, _ in free}
        room = []
        for (at, _), net in zip(free, nets, strict=True):
            room.append(min(net, left[at]))
            left[at] -= room[-1]
        if all(each <= most for each, most in zip(off, room, strict=True)):
            return off
        rest, done = min(sum(off), sum(room)), [0] * len(off)
        while rest:
            open_ = [k for k in range(len(off)) if done[k] < room[k]]
            for k, each in zip(open_, shared(rest, [nets[k] for k in open_]), strict=True):
                given = min(each, room[k] - done[k])
                done[k] += given
                rest -= given
        return done

    def piles(self, rule, n):
        every = self.dearest(n, rule.get("on", {}))
        if not rule.get("same"):
            return [every]
        codes = sorted({self.lines[at]["code"] for _, at, _ in every})
        return [[each for each in every if self.lines[each[1]]["code"] == code] for code in codes]

    def of_nth(self, rule, n):
        parts, size, left = [], len(rule["percents"]), rule.get("left", 10**9)
        for pile in self.piles(rule, n):
            end = min(len(pile), left) // size * size
            left -= end
            for place, (net, at, unit) in enumerate(pile[:end]):
                parts.append((at, [unit], net - half_up(net, rule["percents"][place % size], 100)))
        return self.by_line(parts)

    def of_set_price(self, rule, n):
        parts, size, left = [], rule["count"], rule.get("left", 10**9)
        for pile in self.piles(rule, n):
            end = min(len(pile), left) // size * size
            for start in range(0, end, size):
                chosen = pile[start : start + size]
                off = sum(net for net, _, _ in chosen) - rule["price"]
                if off <= 0:
                    break
                left -= size
                parts += self.spread(chosen, off)
        return self.by_line(parts)

    def spread(self, chosen, off):
        """Share over equal units of a line as one, which is how a receipt shows them."""
        kinds = {}
        for net, at, unit in chosen:
            kinds.setdefault((-net, at, tuple(sorted(unit[1]))), []).append(unit)
        whole = [-key[0] * len(units) for key, units in kinds.items()]
        return [
            (key[1], units, each)
            for (key, units), each in zip(kinds.items(), shared(off, whole), strict=True)
        ]

    def of_bundle(self, rule, n):
        parts, pool = [], self.dearest(n, {})
        for _ in range(rule.get("left", 200)):
            chosen = []
            for part in rule["parts"]:
                here = [each for each in pool if is_named(self.lines[each[1]], part["on"])][
                    : part.get("count", 1)
                ]
                if len(here) < part.get("count", 1):
                    return self.by_line(parts)
                chosen.append(here)
                pool = [each for each in pool if not any(each[2] is one[2] for one in here)]
            every = [each for here in chosen for each in here]
            off = sum(net for net, _, _ in every) - rule["price"]
            if off <= 0:
                break
            whole, pieces = [], []
            for here in chosen:
                kinds = {}
                for net, at, unit in here:
                    kinds.setdefault((-net, at), []).append(unit)
                whole += [-key[0] * len(units) for key, units in kinds.items()]
                pieces += [(key[1], units) for key, units in kinds.items()]
            parts += [
                (at, units, each)
                for (at, units), each in zip(pieces, shared(off, whole), strict=True)
            ]
        return self.by_line(parts)

    def of_spend_get(self, rule, n):
        paid = [
            each for each in self.free(n, rule.get("on", {}))
            if not is_named(self.lines[each[0]], rule["gets"])
        ]  # fmt: skip
        spent = sum(unit[0] for _, units in paid for unit in units)
        if spent < rule["spend"]:
            return []
        times = spent // rule["spend"] if rule.get("each") and rule["spend"] else 1
        left = min(times * rule.get("count", 1), rule.get("left", 10**9))
        got = []
        for net, at, unit in self.dearest(n, rule["gets"]):
            after = (
                half_up(net, rule["percent"], 100) if "percent" in rule else min(net, rule["price"])
            )
            if after < net and left:
                left -= 1
                got.append((at, [unit], net - after))
        return self.by_line(got) + [(at, units, 0) for at, units in paid] if got else []

    def of_points_price(self, rule, n):
        return self.of_units(rule, n, min(self.points // rule["points"], rule.get("left", 10**9)))

    def of_limited(self, rule, n):
        if "left" in rule:
            return self.of_units(rule, n, rule["left"])
        parts = []
        for at, units in self.free(n, rule.get("on", {})):
            line, net = self.lines[at], sum(unit[0] for unit in units)
            quantity = 1000 * len(units) if is_counted(line) else line["quantity"]
            after = self.after(rule, line, net, quantity)
            if after < net:
                parts.append((at, units, net - after))
        return parts

    def of_units(self, rule, n, left):
        parts = []
        for net, at, unit in self.dearest(n, rule.get("on", {})):
            after = self.after(rule, self.lines[at], net, 1000)
            if after < net and left > 0:
                left -= 1
                parts.append((at, [unit], net - after))
        return self.by_line(parts)

    def by_line(self, parts):
        joined = {}
        for at, units, off in parts:
            old = joined.setdefault((at, tuple(sorted(units[0][1]))), [at, [], 0])
            old[1] += units
            old[2] += off
        return [tuple(each) for each in joined.values()]
