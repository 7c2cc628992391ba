"""Sales worked out again at the head office: equal, different, not comparable; and coupons over all tills."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard

from config.load import load_shop
from config.rules import load_rules
from sync.hq.bookcase import Bookcase
from sync.hq.page.checks import Checks
from sync.hq.recheck import recheck
from sync.hq.shop import digest_of, tables_of
from terminal.codec.entry import encode
from terminal.codec.rulebook import rule_book
from terminal.codec.shoprules import shop_rules
from terminal.core.effects import Post
from terminal.core.journal import Drawn, Tender, Versions
from terminal.core.pricing.basket import Goods, Member
from terminal.core.pricing.coupons import CouponsIssued
from terminal.core.pricing.facts import Facts
from terminal.core.sale import Idle, LineAdded, MemberIdentified, Tendered, Turn, step
from tests.sync.page.books import Books
from tests.sync.page.shop import DAY_MS, START_MS, Shop

SHOP = Path(__file__).parents[3] / "config" / "examples" / "shop.toml"
FILE = """
version = 9

[[groups]]
id = "set"

[[promotions]]
id = "second-half"
kind = "nth"
name = "第二件半价"
group = "set"
percents = [100, 50]
"""
SNACK = Goods("2001", "薯片", 750, "snack", tax_basis_points=1300)


@pytest.fixture
def books(tmp_path):
    made = Books(tmp_path)
    shop = load_shop(SHOP)
    made.store.master.apply(tables_of(shop), digest_of(SHOP), START_MS)
    return made


def plain():
    return replace(shop_rules(load_shop(SHOP)), version="1", catalogue="1")


def sell(till: Shop, book, pieces=2, spoil=0, drawn=None):
    """Seal a sale under ``book``; ``spoil`` is added to its points, as a broken till would."""
    tier = load_shop(SHOP).tiers[-1].id
    turn = Turn(book, f"s{len(till.bodies)}", Facts(store="S01", date=20261121, minute=600))
    who = Member("100001", "", "", tier, tier, 0, 0, 0, "", "phone")
    state, _ = step(Idle(), MemberIdentified(who), turn)
    state, _ = step(state, LineAdded(SNACK, pieces * 1000), turn)
    _, effects = step(state, Tendered(Tender("cash", 100_000)), turn)
    [post] = [each for each in effects if isinstance(each, Post)]
    bill = post.body.bill
    totals = replace(bill.totals, earned=bill.totals.earned + spoil)
    body = replace(post.body, bill=replace(bill, totals=totals, drawn=drawn or bill.drawn))
    entry = till.post(START_MS + DAY_MS + len(till.bodies) * 60_000, body, post.facts)
    till.entries[-1] = replace(entry, versions=Versions(book.version, book.catalogue))
    till.bodies[-1] = encode(till.entries[-1])


def through(books):
    case = Bookcase()
    while recheck(books.store._database, case):
        pass


def rows(books, query):
    return [tuple(row) for row in books.store._database.sql.execute(query).fetchall()]


def test_each_sale_is_equal_different_or_not_comparable_and_it_is_said_why(books, tmp_path):
    till = Shop("S01-T1", "L-1")
    (tmp_path / "rules.toml").write_text(FILE)
    with_file = rule_book(load_rules(tmp_path / "rules.toml"), plain())
    sell(till, plain())
    sell(till, plain(), spoil=5)
    sell(till, with_file)
    sell(till, replace(plain(), version="77", catalogue="77"))
    sell(till, plain(), pieces=3)
    books.take(till)

    through(books)

    answer = Checks(books.reader).checks({}, {}, None)
    assert (answer.equal, answer.different, answer.unknown, answer.waiting) == (2, 1, 2, 0)
    assert [(row.seq, [each.what for each in row.differences]) for row in answer.rows] == [
        (2, ["earned"])
    ]
    assert {gap.count for gap in answer.gaps} == {1}
    [(seq, equal, different, unknown)] = rows(
        books, "SELECT seq, equal, different, unknown FROM recheck"
    )
    assert (seq, equal, different, unknown) == (5, 2, 1, 2)
    [(record, rules, detail)] = rows(books, "SELECT record, rules, detail FROM recheck_found")
    assert record & 0xFFFF == 2
    assert rules == "1"
    assert [(each["what"], each["line"]) for each in json.loads(detail)] == [("earned", 0)]
    gaps = dict(rows(books, "SELECT why, count FROM recheck_gap"))
    assert gaps == {
        "rules version 9 is not kept here": 1,
        "catalogue version 77 is not kept here": 1,
    }


def test_a_rules_file_that_is_kept_makes_its_sales_comparable(books, tmp_path):
    till = Shop("S01-T1", "L-1")
    (tmp_path / "rules.toml").write_text(FILE)
    sell(till, rule_book(load_rules(tmp_path / "rules.toml"), plain()))
    books.take(till)
    packed = zstandard.compress(FILE.encode())
    with books.store._database.transaction():
        books.store._database.sql.execute(
            "INSERT INTO rules_version VALUES ('9', 'toml', ?, ?, 1, 0, 'me', '')", (b"d", packed)
        )

    through(books)

    assert rows(books, "SELECT equal, different, unknown FROM recheck") == [(1, 0, 0)]


def test_it_goes_on_where_it_was_and_counts_nothing_twice(books):
    till = Shop("S01-T1", "L-1")
    for _ in range(70):
        sell(till, plain())
    books.take(till)

    assert recheck(books.store._database, Bookcase()) == 60
    through(books)

    assert rows(books, "SELECT seq, equal FROM recheck") == [(70, 70)]


def test_a_coupon_that_two_tills_redeemed_is_named(books):
    first, second = Shop("S01-T1", "L-1"), Shop("S01-T2", "L-2", key=bytes([1]) * 32)
    issued = CouponsIssued("shop", "SPRING", 20991231, "", "", ("AAAAAA", "BBBBBB"))
    first.post(START_MS, issued)
    sell(first, plain(), drawn=Drawn((), (), ("shop.AAAAAA",)))
    sell(second, plain(), drawn=Drawn((), (), ("shop.AAAAAA",)))
    books.take(first)
    books.take(second)

    through(books)

    found = {
        row[0]: row[1:]
        for row in rows(
            books, "SELECT id, campaign, issued <> 0, redeemed <> 0, again <> 0 FROM coupon"
        )
    }
    answer = Checks(books.reader).checks({}, {}, None)
    [campaign] = answer.campaigns
    assert (campaign.issued, campaign.redeemed, campaign.twice) == (2, 1, 1)
    assert [each.coupon for each in answer.doubles] == ["shop.AAAAAA"]
    assert found == {"shop.AAAAAA": ("SPRING", 1, 1, 1), "shop.BBBBBB": ("SPRING", 1, 0, 0)}
