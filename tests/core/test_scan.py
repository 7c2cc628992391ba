"""What a scan means: published examples, payment codes, and text that wants to do harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.core import cards
from terminal.core.refusal import Key, Refusal
from terminal.core.scan import CODE_MAX, GoodsCode, MemberCode, check_digit, expand_upc_e, parse

PUBLISHED = [
    # GS1 General Specifications 7.9.1 and GS1's check digit calculator: 6 1 1 3 … sum 57, digit 3.
    "6291041500213",
    # GS1 General Specifications, figures of EAN-13, EAN-8 and UPC-A symbols as commonly printed.
    "5901234123457",
    "4006381333931",
    "96385074",
    "036000291452",
    "123601057072",
    # ITF-14: 9 8 7 6 5 4 3 2 1 0 9 2 1, weights 3 1 …: 27+8+21+6+15+4+9+2+3+0+27+2+3 = 127, digit 3.
    "98765432109213",
    # 1 0 6 1 4 1 4 1 0 0 0 4 1: 3+0+18+1+12+1+12+1+0+0+0+4+3 = 55, digit 5.
    "10614141000415",
]
UPC_E = [
    # GS1 General Specifications, rules of zero suppression; the last digit before the check digit says
    # where the zeros were.
    ("02345673", "023456000073"),  # 5 to 9: five digits, four zeros, the digit itself
    ("02345147", "023450000017"),  # 4: four digits, five zeros, one digit
    ("06397126", "063200009716"),  # 0 to 2: two digits, that digit, four zeros, three digits
    ("08679339", "086700000939"),  # 3: three digits, five zeros, two digits
    ("01245608", "012000004568"),  # 0; 12 000 + 00456: 3*(0+2+0+0+4+6)+(1+0+0+0+5) = 42, digit 8
    (
        "05170194",
        "051701000094",
    ),  # 9; 51701 + 00009: 3*(0+1+0+0+0+9)+(5+7+1+0+0) = 43, so 7 is wrong
]


@pytest.mark.parametrize("code", PUBLISHED)
def test_published_codes_are_goods(code):
    meaning = parse(code)
    assert isinstance(meaning, GoodsCode)
    assert meaning.code == code


@pytest.mark.parametrize("code", PUBLISHED)
def test_any_single_wrong_digit_is_found(code):
    for place, digit in enumerate(code):
        for other in "0123456789".replace(digit, ""):
            wrong = code[:place] + other + code[place + 1 :]
            if len(wrong) == 8:  # Eight digits may be a UPC-E or the shop's own number.
                assert check_digit(wrong[:-1]) != int(wrong[-1])
            else:
                assert parse(wrong) == Refusal(Key.CHECK_DIGIT, (("code", wrong),))


@pytest.mark.parametrize(("short", "long"), UPC_E[:5])
def test_a_upc_e_is_the_upc_a_it_was_made_from(short, long):
    assert check_digit(long[:-1]) == int(long[-1])
    assert expand_upc_e(short) == long
    meaning = parse("]E0" + short)
    assert isinstance(meaning, GoodsCode)
    assert long in (meaning.code, *meaning.alternatives)


def test_eight_digits_that_may_be_ean_8_or_upc_e_are_looked_up_as_both():
    # 3*(0+3+5+7)+(2+4+6) = 57, digit 3: right as an EAN-8 and as a UPC-E.
    assert parse("02345673") == GoodsCode(
        "02345673", ("00000002345673", "0000002345673", "000002345673", "023456000073")
    )
    assert parse("]E002345673") == GoodsCode(
        "023456000073", ("0023456000073", "00023456000073", "02345673")
    )
    assert parse("]E402345673") == GoodsCode(
        "02345673", ("00000002345673", "0000002345673", "000002345673")
    )


def test_a_upc_e_with_a_wrong_check_digit_is_refused():
    short, long = UPC_E[5]
    assert expand_upc_e(short) == long
    assert parse("]E0" + short) == Refusal(Key.CHECK_DIGIT, (("code", short),))


def test_all_ways_to_write_one_gtin_meet():
    forms = ["036000291452", "0036000291452", "00036000291452"]
    for form in forms:
        meaning = parse(form)
        assert isinstance(meaning, GoodsCode)
        assert {meaning.code, *meaning.alternatives} >= set(forms)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("]E06901234567892", "6901234567892"),  # ISO/IEC 15424: ]E0 EAN-13, UPC-A, UPC-E
        ("]E496385074", "96385074"),  # ]E4 EAN-8
        ("]I198765432109213", "98765432109213"),  # ]I1 ITF with its check digit verified
        ("]C0A-1234", "A-1234"),  # ]C0 Code 128
        ("  6901234567892\r\n", "6901234567892"),  # a scanner's own suffix
        ("12", "12"),
        ("shop no. 7", "shop no. 7"),
    ],
)
def test_what_a_scanner_adds_is_taken_off(text, code):
    meaning = parse(text)
    assert isinstance(meaning, GoodsCode)
    assert meaning.code == code


@pytest.mark.parametrize(
    "code",
    [
        "134567890123456789",  # WeChat Pay: 18 digits from 10 to 15
        "100000000000000000",
        "159999999999999999",
        "2512345678901234",  # Alipay: 16 to 24 digits from 25 to 30
        "301234567890123456789012",
        "281234567890123456",
        "6212345678901234567",  # UnionPay QR: 19 digits from 62
        "]Q1134567890123456789",  # with the scanner's symbology identifier in front
        " 134567890123456789\r",
    ],
)
def test_a_payment_code_is_refused_and_kept_out_of_the_refusal(code):
    assert parse(code) == Refusal(Key.PAYMENT_CODE)


def test_a_member_code_is_checked():
    assert parse("TP1:100001:" + cards.check_characters("100001")) == MemberCode("100001")
    assert parse("]Q1" + cards.code("VIP2026")) == MemberCode("VIP2026")
    wrong = parse("TP1:100001:00")
    assert isinstance(wrong, Refusal)
    assert wrong.key is Key.CHECK_DIGIT


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "]",  # a lone bracket has broken other parsers
        "]E",
        "]E0",
        "٦٩٠١٢٣٤٥٦٧٨٩٢",  # Arabic digits: str.isdigit says yes
        "６９０１２３４５６７８９２",  # full-width digits
        "²³²³²³²³",  # superscripts: isdigit says yes, int() raises
        "690123\n4567892",
        "69012345\x0067892",
        "\x1b@\x1bp\x00\x19",  # ESC/POS: initialise, open the drawer
        "<script>alert(1)</script>",
        "'; DROP TABLE goods;--",
        "\ud800",
        "TP1:",
        "TP1:100001",
        "TP1:１００００１:00",
        "TP1:1:34",
        "TP1:100001:00\nTP1:100002:00",
        "9" * (CODE_MAX + 1),
        "9" * 10_000,
        "A" * 41,
        "\x00" * 10_000,
    ],
)
def test_hostile_text_is_refused_without_being_repeated(text):
    assert parse(text) == Refusal(Key.UNREADABLE_CODE)


@given(st.text(max_size=600))
def test_any_text_is_goods_a_member_or_a_refusal(text):
    meaning = parse(text)
    assert isinstance(meaning, GoodsCode | MemberCode | Refusal)
    if isinstance(meaning, GoodsCode):
        assert all(
            form.isascii() and form.isprintable() for form in (meaning.code, *meaning.alternatives)
        )


@given(st.text("0123456789", min_size=1, max_size=30))
def test_a_code_of_digits_never_breaks_the_parser(text):
    assert isinstance(parse(text), GoodsCode | Refusal)
    assert isinstance(parse("]E0" + text), GoodsCode | Refusal)


@given(st.text("0123456789", min_size=7, max_size=13))
def test_a_check_digit_makes_the_weighted_sum_a_multiple_of_ten(digits):
    whole = digits + str(check_digit(digits))
    weighted = sum(int(d) * (1 if place % 2 == 0 else 3) for place, d in enumerate(whole[::-1]))
    assert weighted % 10 == 0
