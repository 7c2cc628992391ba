"""Points in rules files: the example is whole, and every contradiction is told at its line."""

from pathlib import Path

import pytest

from config.rules import check_rules, load_rules
from terminal.codec.rulebook import rule_book
from terminal.core.points.program import NO_PROGRAM, Every
from terminal.core.points.rules import Around, Birthday, Kind, Lapse
from terminal.core.pricing.rules import RuleBook
from tests.config.test_rules import GOOD, KNOWN

EXAMPLE = Path(__file__).parents[2] / "config" / "examples" / "rules.toml"
POINTS = """\
version = 7

[[points]]
id = "base"
name = "每元一分"
bands = [{ per = 100, points = 1 }, { start = 10000, per = 100, points = 2 }]
when.hours = "20:00-23:00"
lapse = "months"
after = 12

[burn]
name = "积分抵现"
points = 100
money = 100
step = 50

[[gifts]]
id = "mug"
name = "马克杯"
points = 500
grants = "T1"

[[lotteries]]
id = "wheel"
name = "转盘"
points = 50
prizes = [{ id = "a", name = "A", odds = 600000, stock = 1 }, PRIZE_B]
""".replace("PRIZE_B", '{ id = "b", name = "B", odds = 400000, stock = 1, instead = "a" }')


def test_the_example_is_a_whole_programme():
    program = rule_book(load_rules(EXAMPLE), RuleBook("1", "1", (), None)).points

    base, growth = program.sets
    assert (base.kind, base.terms.pending_days, base.terms.lapse) == (
        Kind.SPENDABLE, 7, Lapse.YEAR_END
    )  # fmt: skip
    assert growth.kind is Kind.STANDING
    assert base.multiples[0] == Birthday("生日当周双倍", 200, Around.WEEK)
    [month] = program.computations
    assert (month.every, month.rule.ladder.bands[0].start) == (Every.MONTH, 100_000)
    assert program.burn is not None
    assert program.burn.bill_percent_max == 50
    assert program.asked == {"date", "minute", "birthday"}
    assert [each.gift.id for each in program.gifts] == ["mug", "parking"]
    assert program.raffles[0].prizes[1].instead == "tissue"


def test_a_file_without_points_has_no_programme(tmp_path):
    path = tmp_path / "rules.toml"
    path.write_text(GOOD)
    assert rule_book(load_rules(path), RuleBook("1", "1", (), None)).points is NO_PROGRAM


@pytest.mark.parametrize(
    ("before", "after", "line", "message"),
    [
        ("start = 10000", "start = 0", 6, "must be more than the band before it"),
        ('"20:00-23:00"', '"20:00-20:00"', 7, "begins when it ends"),
        ("after = 12", "after = 0", 8, "needs `after`"),
        ('lapse = "months"', 'lapse = "never"', 9, "means nothing where points never lapse"),
        ("step = 50", "step = 50\npoints_max = 1\npoints_min = 9", 16, "is less than `points_min`"),
        ("money = 100", "money = 33", 15, "is not worth whole minor units"),
        ('grants = "T1"', 'grants = "T9"', 21, 'there is no "T9"'),
        ('grants = "T1"', 'what = "coupon"', 21, "a coupon needs `grants`"),
        ("odds = 600000", "odds = 600001", 27, "the odds add up to 1000001 parts"),
        ('instead = "a"', 'instead = "c"', 27, 'there is no prize "c"'),
        ("points = 1 }", "points = 1.5 }", 6, "must be points, a whole number"),
        ('id = "base"', 'id = "base"\nkind = "standing"', 5, "standing points neither wait nor lapse"),
        ('when.hours = "20:00-23:00"', 'when.tiers = ["glod"]', 7, 'there is no "glod"'),
        ('when.hours = "20:00-23:00"', "together = true", 7, "is for rules with `every`"),
        ("when.hours", "multiples = [{ name = 'x', percent = 200 }]\nwhen.hours", 7, "a multiple has either"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line(tmp_path, before, after, line, message):
    assert before in POINTS
    path = tmp_path / "rules.toml"
    path.write_text(POINTS)
    assert check_rules(path, KNOWN) == []
    path.write_text(POINTS.replace(before, after, 1))
    found = [(each.line, each.message) for each in check_rules(path, KNOWN)]
    assert any(at == line and told.startswith(message) for at, told in found), found
