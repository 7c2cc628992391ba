"""The workload of the rules bench for zen-engine, in two formulations that give the same totals.

One is expression nodes in zen's own language, one a function node in JavaScript. Both get rules and basket as
it suits them: rules are part of the decision, conditions that hold for the whole basket are looked at once,
and neither has to name a reason, which spares them work that the engine beside them does.
"""

import json
from itertools import pairwise

from terminal.core.pricing.promotions import AmountOff, FixedPrice, PercentOff, Threshold


def _rows(book, group):
    rows = []
    for each in book.promotions:
        if each.group != group:
            continue
        when = each.when
        row = {
            "tiers": sorted(when.tiers), "weekdays": sorted(when.weekdays),
            "from": when.hours[0][0] if when.hours else 0, "to": when.hours[0][1] if when.hours else 1440,
            "codes": sorted(each.on.products), "categories": sorted(each.on.categories),
            "brands": sorted(each.on.brands), "percent": 100, "off": 0, "fixed": 10**9, "steps": [],
        }  # fmt: skip
        match each.gives:
            case PercentOff(percent):
                row["percent"] = percent
            case AmountOff(amount):
                row["off"] = amount
            case FixedPrice(fixed):
                row["fixed"] = fixed
            case Threshold(steps):
                row["steps"] = [[step.start, step.amount] for step in steps]
        rows.append(row)
    return rows


def _context(lines, member, facts):
    return {
        "tier": member.tier, "weekday": facts.weekday, "minute": facts.minute,
        "lines": [
            {
                "code": line.goods.code, "category": line.goods.category, "brand": line.goods.brand,
                "count": line.quantity // 1000, "gross": line.price * line.quantity // 1000,
            }
            for line in lines
        ],
    }  # fmt: skip


def _script(book):
    rules = {group.id: _rows(book, group.id) for group in book.groups}
    points = dict(book.earn.tier_percent)
    return f"""
const rules = {json.dumps(rules)};
const points = {json.dumps(points)};
const half = (net, percent) => Math.floor((2 * net * percent + 100) / 200);
const holds = (rule, world) => (!rule.tiers.length || rule.tiers.includes(world.tier))
    && (!rule.weekdays.length || rule.weekdays.includes(world.weekday))
    && world.minute >= rule.from && world.minute < rule.to;
const meant = (rule, line) => (!rule.codes.length || rule.codes.includes(line.code))
    && (!rule.categories.length || rule.categories.includes(line.category))
    && (!rule.brands.length || rule.brands.includes(line.brand));
const off = (rule, total) => {{
    let most = 0;
    for (const [start, amount] of rule.steps) if (total >= start) most = amount;
    return most;
}};
export const handler = async (world) => {{
    const nets = world.lines.map((line) => {{
        let net = line.gross;
        for (const group of ["item", "brand"]) {{
            let best = net;
            for (const rule of rules[group]) {{
                if (!holds(rule, world) || !meant(rule, line)) continue;
                const after = Math.min(
                    half(net, rule.percent), Math.max(0, net - rule.off * line.count),
                    rule.fixed * line.count);
                if (after < best) best = after;
            }}
            net = best;
        }}
        return net;
    }});
    const tiers = [100, ...rules.tier.filter((rule) => holds(rule, world)).map((rule) => rule.percent)];
    const full = rules.full.filter((rule) => holds(rule, world));
    let total = Infinity;
    for (const percent of tiers) {{
        let sum = 0;
        for (const net of nets) sum += half(net, percent);
        let most = 0;
        for (const rule of full) most = Math.max(most, off(rule, sum));
        total = Math.min(total, sum - most);
    }}
    return {{ total, points: Math.floor(total * (points[world.tier] ?? 100) / 10000) }};
}};
"""


def _holds(row):
    tests = []
    if row["tiers"]:
        tests.append(f"tier in {json.dumps(row['tiers'])}")
    if row["weekdays"]:
        tests.append(f"weekday in {row['weekdays']}")
    if row["from"] or row["to"] != 1440:
        tests.append(f"minute >= {row['from']} and minute < {row['to']}")
    return " and ".join(tests) or "true"


def function_node(book):
    """Return the decision as one node in JavaScript."""
    node = {"id": "f", "name": "f", "type": "functionNode", "content": {"source": _script(book)}}
    return _decision([node])


def expression_nodes(book):
    """Return the decision as expressions: a line's best for each tier percent is a column of its own."""
    steps = []
    keep = "code: #.code, category: #.category, brand: #.brand, count: #.count"
    for group, source, net in (("item", "lines", "#.gross"), ("brand", "after_item", "#.net")):
        takes = [net]
        for n, row in enumerate(_rows(book, group)):
            if _holds(row) != "true":
                steps.append((f"on_{group}_{n}", _holds(row)))
            tests = [f"on_{group}_{n}"] if _holds(row) != "true" else []
            for name, key in (("codes", "code"), ("categories", "category"), ("brands", "brand")):
                if row[name]:
                    tests.append(f"#.{key} in {json.dumps(row[name])}")
            if row["off"]:
                after = f"max([0, {net} - {row['off']} * #.count])"
            elif row["fixed"] < 10**9:
                after = f"{row['fixed']} * #.count"
            else:
                after = f"floor((2 * {net} * {row['percent']} + 100) / 200)"
            takes.append(f"({' and '.join(tests) or 'true'}) ? {after} : {net}")
        steps.append(
            (f"after_{group}", f"map({source}, {{{keep}, net: min([{', '.join(takes)}])}})")
        )
    percents = sorted({100} | {row["percent"] for row in _rows(book, "tier")})
    totals = []
    for percent in percents:
        rows = [_holds(row) for row in _rows(book, "tier") if row["percent"] == percent]
        there = "true" if percent == 100 else " or ".join(f"({row})" for row in rows)
        paid = f"sum(map(after_brand, floor((2 * #.net * {percent} + 100) / 200)))"
        steps.append((f"sum_{percent}", f"({there}) ? {paid} : 1000000000"))
        offs = []
        for row in _rows(book, "full"):
            for start, amount in row["steps"]:
                offs.append(f"({_holds(row)} and sum_{percent} >= {start}) ? {amount} : 0")
        steps.append((f"total_{percent}", f"sum_{percent} - max([{', '.join(offs)}])"))
        totals.append(f"total_{percent}")
    steps.append(("total", f"min([{', '.join(totals)}])"))
    points = dict(book.earn.tier_percent)
    factor = " : ".join(f"tier == {json.dumps(name)} ? {part}" for name, part in points.items())
    steps.append(("points", f"floor(total * ({factor} : 100) / 10000)"))
    content = {"expressions": [
        {"id": f"e{n}", "key": key, "value": _dollar(value)} for n, (key, value) in enumerate(steps)
    ]}  # fmt: skip
    return _decision([{"id": "e", "name": "e", "type": "expressionNode", "content": content}])


def _dollar(value):
    """An expression sees what the ones before it gave under `$`."""
    for name in ("after_item", "after_brand", "on_item_", "on_brand_", "sum_", "total_"):
        value = value.replace(name, f"$.{name}")
    return value.replace("floor(total *", "floor($.total *")


def _decision(nodes):
    import zen  # noqa: PLC0415 - only the bench has it

    every = [
        {"id": "in", "name": "in", "type": "inputNode"}, *nodes,
        {"id": "out", "name": "out", "type": "outputNode"},
    ]  # fmt: skip
    edges = [
        {"id": f"edge{n}", "type": "edge", "sourceId": one["id"], "targetId": other["id"]}
        for n, (one, other) in enumerate(pairwise(every))
    ]
    decision = zen.ZenEngine().create_decision({"nodes": every, "edges": edges})
    return lambda lines, member, facts: decision.evaluate(_context(lines, member, facts))["result"]


FORMULATIONS = {"zen, function node": function_node, "zen, expressions": expression_nodes}
