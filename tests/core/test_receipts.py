"""Receipts as text: golden ones in both languages on both papers, and the law that every line fits."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from terminal.core.journal import Entry, PurseRepaid, PurseSettled, SalePosted, Tender
from terminal.core.receipts.layout import cut, money, quantity, spread, wrap
from terminal.core.receipts.moved import is_moved, moved_slip
from terminal.core.receipts.sale import Head, claim, copy_of, lay_out, mask
from terminal.core.receipts.words import ENGLISH, WORDS
from terminal.core.slip import Barcode, QrCode, TextLine, width
from terminal.core.tenders import CASH, EXTERNAL
from tests.kit.goods import APPLES, BREAD, WANG, WATER, entry
from tests.kit.sales import PAID, paid, posts

HEAD = Head(
    "百味便利店",
    ("上海市静安区南京西路1266号恒隆广场地下一层B108铺", "Tel 021-5555 0001"),
    ("谢谢惠顾 Thank you",),
)
CHINESE = dict(
    zip(
        WORDS,
        (
            "收银机", "收银员", "单号", "时间", "合计", "件数", "折前", "已优惠", "抹零", "现金",
            "刷卡/扫码", "找零", "会员", "原有积分", "本次积分", "现有积分", "扫码领积分或核对小票", "补打",
            "谢谢惠顾", "原价",
            "使用积分", "积分可用日期", "积分到期日", "积分抵现", "成长值", "兑换凭条",
            "抽奖凭条", "有效期至", "未中奖", "抽奖号", "验证码", "电子钱包", "卡内原余额", "卡内现余额",
            "储值", "充值前储值", "储值余额", "其中赠送", "充值", "赠送", "优惠券",
            "电子钱包充值", "退回卡内", "现金退款",
        ),
        strict=True,
    )
)  # fmt: skip
WHEN = "2026-11-21 14:03:09"
SAMPLES = Path(__file__).with_name("receipts")


def sold(plan, number="S01-T1-000042"):
    """Return the entry of a sale that was carried out step by step and given its receipt number."""
    post = posts(paid(plan))[-1]
    return entry(replace(post, body=replace(post.body, receipt=number)))


# Water 2 x 2.50: 5.00, drinks 90 % 4.50, gold 95 % 4.28 (off 0.50 and 0.22). Bread 11.49: 10.92 (off 0.57).
# Apples 1.25 kg x 11.98: 14.98, gold 14.23 (off 0.75). Gross 31.47, off 2.04, total 29.43.
# Points 29.43 * 1.5 = 44.145: 44. External pays 49 of 101 parts: 14.27; cash for 15.16: 20.00, 4.84 back.
BASKET = [(WATER, 2000), (BREAD, 1000), (APPLES, 1250)]
MEMBERS_SALE = sold((BASKET, WANG, [(EXTERNAL, 49), (CASH, 100)]))


def as_text(parts, columns):
    """Return a slip as a person sees it, marks in words."""
    lines = []
    for part in parts:
        match part:
            case TextLine(text, bold, big, centred):
                room = columns // 2 if big else columns
                text = " " * ((room - width(text)) // 2) + text if centred else text
                lines.append("".join((text, "  <big>" * big, "  <bold>" * bold)))
            case QrCode(data):
                lines.append(f"<qr {data}>")
            case Barcode(digits):
                lines.append(f"<code 128 {digits}>")
    return "\n".join(line.rstrip() for line in lines) + "\n"


@pytest.mark.parametrize("columns", [32, 48])
@pytest.mark.parametrize(("language", "words"), [("en", ENGLISH), ("zh", CHINESE)])
def test_a_members_receipt_is_as_it_was_agreed(language, words, columns):
    parts = lay_out(MEMBERS_SALE, WHEN, HEAD, words, columns)
    claim(parts, "TPR:S01-T1-000042:7Q", words, columns)
    golden = SAMPLES / f"member-{language}-{columns}.txt"
    assert as_text(parts, columns) == golden.read_text("utf-8")


def test_a_strangers_receipt_says_nothing_of_members():
    receipt = as_text(
        lay_out(sold(([(WATER, 1000)], None, [(CASH, 0)])), WHEN, HEAD, ENGLISH, 48), 48
    )
    assert "Member" not in receipt
    assert "Points" not in receipt


def test_an_overridden_price_says_what_it_was():
    whole = sold(([(BREAD, 1000)], None, [(CASH, 0)]))
    bill = whole.body.bill
    line = replace(bill.lines[0], unit_price=1000, gross=1000, net=1000)
    changed = replace(whole, body=replace(whole.body, bill=replace(bill, lines=(line,))))
    assert "Price changed from 11.49" in as_text(lay_out(changed, WHEN, HEAD, ENGLISH, 48), 48)


def test_a_copy_is_marked_above_and_below():
    parts = tuple(lay_out(MEMBERS_SALE, WHEN, HEAD, CHINESE, 48))
    copy = copy_of(parts, CHINESE)
    assert copy[1:-1] == parts
    assert copy[0] == copy[-1] == TextLine("*** 补打 ***", bold=True, centred=True)


def test_a_long_payment_reference_is_printed_whole():
    reference = "4200001234567890202611218888888888"
    whole = sold(([(BREAD, 1000)], None, [(CASH, 0)]))
    paid_by_code = replace(
        whole, body=replace(whole.body, tenders=(Tender(EXTERNAL, 1149, reference),))
    )
    receipt = as_text(lay_out(paid_by_code, WHEN, HEAD, ENGLISH, 32), 32)
    assert reference in "".join(receipt.split())


def hostile(whole: Entry, text: str) -> Entry:
    """Return ``whole`` with ``text`` wherever somebody else chooses the text."""
    sale = whole.body
    assert isinstance(sale, SalePosted)
    lines = tuple(
        replace(
            line, name=text, discounts=tuple(replace(taken, why=text) for taken in line.discounts)
        )
        for line in sale.bill.lines
    )
    tenders = tuple(replace(each, reference=text[:64]) for each in sale.tenders)
    body = replace(sale, receipt=text[:60], tenders=tenders, bill=replace(sale.bill, lines=lines))
    return replace(whole, terminal=text[:31], operator=text[:8], body=body)


@given(
    PAID,
    st.text(max_size=80),
    st.sampled_from([32, 42, 48, 64]),
    st.sampled_from([ENGLISH, CHINESE]),
)
@example(([(BREAD, 2000)], WANG, [(EXTERNAL, 50), (CASH, 100)]), "宽" * 80, 32, ENGLISH)
@example(([(BREAD, 333)], WANG, [(EXTERNAL, 50), (CASH, 100)]), "x" * 80, 32, CHINESE)
def test_every_line_fits_its_columns(plan, text, columns, words):
    head = Head(text, (text,), (text,))
    parts = lay_out(hostile(sold(plan), text), WHEN, head, words, columns)
    claim(parts, "TPR", words, columns)
    for part in copy_of(tuple(parts), words):
        if isinstance(part, TextLine):
            assert width(part.text) <= (columns // 2 if part.big else columns), part


@given(PAID, st.sampled_from([32, 48]))
def test_every_amount_of_the_sale_is_on_its_receipt(plan, columns):
    whole = sold(plan)
    receipt = as_text(lay_out(whole, WHEN, HEAD, ENGLISH, columns), columns)
    bill = whole.body.bill
    for line in bill.lines:
        assert money(line.gross) in receipt
        assert all(f"-{money(taken.amount)}" in receipt for taken in line.discounts)
    assert f"¥{money(bill.totals.total)}" in receipt
    assert all(money(tender.amount) in receipt for tender in whole.body.tenders)
    assert not bill.buyer or f"+{bill.totals.earned}" in receipt


@given(PAID)
def test_a_receipt_holds_nothing_personal(plan):
    receipt = as_text(lay_out(sold(plan), WHEN, HEAD, ENGLISH, 48), 48)
    for member in (WANG, plan[1] or WANG):
        assert member.name not in receipt
        assert member.phone not in receipt
        assert member.account not in receipt


@pytest.mark.parametrize(
    ("text", "columns", "lines"),
    [
        ("农夫山泉", 5, ["农夫", "山泉"]),
        ("ab cd", 3, ["ab", "cd"]),
        ("", 5, []),
        ("   ", 5, [""]),
        ("农", 1, ["农"]),  # there is no narrower way to write it, and no endless loop
    ],
)
def test_text_is_broken_anywhere(text, columns, lines):
    assert wrap(text, columns) == lines


def test_amounts_and_quantities_are_written_without_floats():
    assert [money(n) for n in (0, 5, 100, 123456789, -1)] == [
        "0.00",
        "0.05",
        "1.00",
        "1234567.89",
        "-0.01",
    ]
    assert [quantity(n) for n in (1000, 333, 1250, 10, 1)] == [
        "1",
        "0.333",
        "1.25",
        "0.01",
        "0.001",
    ]
    assert money(2**53 + 1) == "90071992547409.93"


@given(st.text(max_size=60), st.integers(0, 10**14), st.integers(32, 64))
def test_an_amount_is_never_cut(text, amount, columns):
    line = spread(text, money(amount), columns)
    assert line.endswith(money(amount))
    assert width(line) == columns
    assert width(cut(text, columns)) <= columns


@given(st.text(max_size=40))
def test_a_masked_account_shows_four_characters_at_most(account):
    assert len(mask(account)) == len(account)
    assert sum(char != "*" for char in mask(account)) <= 4


def settled(move, outcome="paid", **more):
    return PurseSettled(
        "04a1b2c3d4e5f6", "d3543abaa46c", 7, move, 20_000, outcome, "answer", 3, 30_000, **more
    )


@pytest.mark.parametrize("columns", [32, 48])
@pytest.mark.parametrize("words", [ENGLISH, CHINESE])
@pytest.mark.parametrize(
    ("body", "title", "said"),
    [
        (settled("top-up", tender=Tender(CASH, 20_000, "")), "Card top-up", ["Cash"]),
        (settled("refund"), "Put back on the card", []),
        (PurseRepaid("04a1b2c3d4e5f6", "d3543abaa46c", 7, 20_000), "Paid out in cash", None),
    ],
)
def test_a_slip_of_money_on_a_card_says_what_moved_before_and_after(
    columns, words, body, title, said
):
    assert is_moved(body)
    whole = replace(MEMBERS_SALE, body=body)
    slip = moved_slip(whole, 57, WHEN, HEAD, words, columns)
    text = as_text(slip, columns)
    wanted = [words[title], "#57", "200.00", "··E5F6"]
    if said is not None:
        wanted += [words["On the card before"], "100.00", words["On the card now"], "300.00"]
        wanted += [words[word] for word in said]
    assert [each for each in wanted if each not in text] == []
    assert all(
        width(part.text) <= (columns // 2 if part.big else columns)
        for part in slip
        if isinstance(part, TextLine)
    )


@pytest.mark.parametrize(
    "body", [settled("debit"), settled("top-up", "unknown"), settled("top-up", is_witness=True)]
)
def test_what_gave_the_customer_nothing_has_no_slip(body):
    assert not is_moved(body)
