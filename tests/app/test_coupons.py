"""Coupons signed, brought back, and refused for what is wrong with them."""

from base64 import urlsafe_b64encode
from dataclasses import replace

import pytest

from sync.protocol.keys import SecretKey, load_public
from terminal.app.coupons import CouponDesk, signed, verified
from terminal.core.pricing.coupons import CODE_MAX, Coupon, judge
from terminal.core.refusal import Key, Refusal
from tests.kit.process import tallypoint

HQ, THIEF = (SecretKey.of_seed(bytes([n]) * 32) for n in (1, 2))
ISSUERS = {"shop": HQ.public}
COUPON = Coupon("shop", "C50", "A1B2C3", 20261231, "100001")
TODAY = 20261121


def key_of(found):
    assert isinstance(found, Refusal)
    return found.key


def test_a_coupon_comes_back_as_it_was_signed():
    code = signed(COUPON, HQ)
    assert code.startswith("TPC1.shop.C50.A1B2C3.20261231.100001.")
    assert len(code) <= CODE_MAX
    assert verified(code, ISSUERS) == COUPON
    assert judge(COUPON, TODAY, "100001", set()) is None


def test_a_coupon_signed_by_somebody_else_is_forged():
    assert key_of(verified(signed(COUPON, THIEF), ISSUERS)) is Key.COUPON_FORGED


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("C50", "C99"),
        ("A1B2C3", "A1B2C4"),
        ("20261231", "20991231"),
        ("100001", "100002"),
        ("100001", ""),
    ],
)
def test_a_coupon_in_which_anything_was_changed_is_forged(word, other):
    assert (
        key_of(verified(signed(COUPON, HQ).replace(word, other, 1), ISSUERS)) is Key.COUPON_FORGED
    )


def test_a_signature_for_something_else_is_none_of_a_coupon():
    text = "TPC1.shop.C50.A1B2C3.20261231.100001."
    lent = signed(COUPON, HQ)[: len(text) + 1]

    other = urlsafe_b64encode(HQ.sign(text.encode())).decode().rstrip("=")
    assert key_of(verified(lent + other, ISSUERS)) is Key.COUPON_FORGED


def test_a_coupon_of_another_shop_is_foreign():
    other = Coupon("elsewhere", "C50", "A1B2C3", 20261231, "")
    assert key_of(verified(signed(other, HQ), ISSUERS)) is Key.COUPON_FOREIGN


def test_a_coupon_of_another_member_is_foreign_and_of_nobody_is_for_all():
    assert key_of(judge(COUPON, TODAY, "100002", ())) is Key.COUPON_FOREIGN
    assert key_of(judge(COUPON, TODAY, "", ())) is Key.COUPON_FOREIGN
    assert judge(Coupon("shop", "C50", "A1B2C3", 20261231, ""), TODAY, "", ()) is None


def test_the_last_day_counts_and_the_next_is_too_late():
    assert judge(COUPON, 20261231, "100001", ()) is None
    assert judge(COUPON, 20270101, "100001", ()) == Refusal(
        Key.COUPON_EXPIRED, (("until", 20261231),)
    )


def test_a_coupon_is_used_once():
    assert key_of(judge(COUPON, TODAY, "100001", {"A1B2C3"})) is Key.COUPON_USED


@pytest.mark.parametrize(
    "code",
    ["", "TPC1", "TPC2" + "x" * 100, "TPC1.shop.C50.A1B2C3.20261231.100001." + "A" * 85,
     "TPC1.shop.C50.A1B2C3.２０261231.100001." + "A" * 86, "TPC1." + "A" * 5000,
     "TPC1.shop.C50.A1B2C3.20261231.100001." + "A" * 86 + "\n"],
)  # fmt: skip
def test_what_is_no_coupon_is_unreadable(code):
    assert key_of(verified(code, ISSUERS)) is Key.UNREADABLE_CODE


def test_a_coupon_is_redeemed_where_its_place_is_and_asked_for_where_it_has_none():
    here = CouponDesk("S01-T1", False, ISSUERS)
    placed = replace(COUPON, place="S01-T1")

    assert here.read(signed(placed, HQ)) == placed
    assert here.read(signed(replace(COUPON, place="S01-T2"), HQ)) == Refusal(
        Key.COUPON_ELSEWHERE, (("place", "S01-T2"),)
    )
    assert key_of(here.read(signed(COUPON, HQ))) is Key.COUPON_ASK
    assert CouponDesk("S01-T1", True, ISSUERS).read(signed(COUPON, HQ)) == COUPON


def test_codes_follow_from_what_was_issued_and_the_key():
    issuing = CouponDesk("S01-T1", True, ISSUERS, "shop", HQ)
    issued = issuing.issue("C50", 20261231, "", "S01-T1", 3)

    codes = issuing.codes(issued)

    assert codes == issuing.codes(issued)
    assert [issuing.read(code) for code in codes] == list(issued.coupons)
    assert len(set(issued.serials)) == 3
    assert CouponDesk("S01-T1", True, ISSUERS).codes(issued) == ()
    assert key_of(CouponDesk("S01-T1", True, ISSUERS).issue("C50", 1, "", "", 1)) is Key.COUPON_KEY


def test_the_command_makes_a_key_and_codes_that_a_till_takes(tmp_path):
    key = tmp_path / "chain.pem"
    public = tallypoint("coupon", "key", str(key))
    assert public.returncode == 0, public.stderr
    (tmp_path / "chain.pub").write_text(public.stdout)
    asked = ("coupon", "issue", "--key", str(key), "--issuer", "chain", "--campaign", "SPRING")

    made = tallypoint(*asked, "--until", "2099-12-31", "--count", "3", "--qr", str(tmp_path / "qr"))

    assert made.returncode == 0, made.stderr
    codes = made.stdout.split()
    here = CouponDesk("S01-T1", True, {"chain": load_public(tmp_path / "chain.pub")})
    assert [here.read(code).campaign for code in codes] == ["SPRING"] * 3
    assert len(list((tmp_path / "qr").glob("*.png"))) == 3
    assert key.stat().st_mode & 0o077 == 0
    for bad in (("--until", "2026-02-30"), ("--until", "2099-12-31", "--count", "0")):
        refused = tallypoint(*asked, *bad)
        assert refused.returncode == 1
        assert "Traceback" not in refused.stderr
