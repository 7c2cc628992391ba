"""Entries for the tests of the store: small, balanced, and every kind of them."""

from terminal.codec.entry import encode
from terminal.core import accounts
from terminal.core.allowance import Allowance, AllowancesClosed, AllowancesOpened, LotShare, Spent
from terminal.core.books import postings_of
from terminal.core.journal import (
    Bill,
    Body,
    Buyer,
    Entry,
    LockedOut,
    PaymentReturned,
    PaymentTaken,
    PinChanged,
    PurseIntent,
    PurseRepaid,
    PurseSettled,
    Reprinted,
    SalePosted,
    SaleVoided,
    Stamp,
    Tender,
    Totals,
    Versions,
)
from terminal.core.lineage import Carried, LedgerOpened
from terminal.core.officebook import (
    AccountsMerged,
    LossDeclared,
    ValueAdjusted,
    ValueLapsed,
    Verdict,
)
from terminal.core.points.entries import (
    GiftGiven,
    GrantedLot,
    LotPart,
    LotteryDrawn,
    LotteryOpened,
    PeriodComputed,
    PointsGiven,
    PointsTaken,
)
from terminal.core.points.lottery import Prize
from terminal.core.pricing.coupons import CouponsIssued
from terminal.core.pricing.quote import Discount, PointsReason, QuoteLine
from terminal.core.profile import MemberRegistered
from terminal.core.stored import ToppedUp
from terminal.store.schema import Identity

KEY = bytes(range(32))
SPENT = (Spent("own:points", "points", "01OTHER:3:1", 7),)
PART = LotPart("01OTHER", 3, 1, 7, 20261101, 20270101)
IDENTITY = Identity("01LEDGER", KEY)
BOOT = "boot-1"


def bill(sale_id: str, total: int = 950, account: str = "100001", lines: int = 1) -> Bill:
    gross = total * 100 // 95
    off = Discount("tier", "1", gross - total, "金卡九五折", 95)
    first = QuoteLine(
        1, "1001", "手工酸奶", "dairy", 1000, gross, gross, gross, total, (off,), 9, True, 1300
    )
    free = [
        QuoteLine(n, f"10{n:02d}", f"赠品{n}", "gift", 1000, 0, 0, 0, 0, ())
        for n in range(2, lines + 1)
    ]
    buyer = Buyer(account, "gold", "uid:04a1b2c3d4e5f6", 100) if account else None
    return Bill(
        sale_id,
        buyer,
        (first, *free),
        Totals(gross, gross - total, 0, total, 9 if buyer else 0),
        (PointsReason("earn", "1", 9, "每元一分", 100),) if buyer else (),
    )


def sale(
    number: int,
    total: int = 950,
    account: str = "100001",
    ahead: tuple[Tender, ...] = (),
    lines: int = 1,
) -> tuple[SalePosted, tuple[Tender, ...]]:
    left = total - sum(tender.amount for tender in ahead)
    tenders = (*ahead, Tender("cash", left + 50)) if left else ahead
    receipt = f"S01-T1-1-{number:06d}"
    body = SalePosted(
        receipt, bill(f"sale-{number}", total, account, lines), tenders, 50 if left else 0
    )
    return body, ahead


def entry(body: Body, call: str, ahead: tuple[Tender, ...] = (), boot: str = BOOT) -> Entry:
    return Entry(
        Stamp(1_700_000_000_000, boot, 1000, True),
        20261121,
        "S01",
        "S01-T1",
        "1001",
        call,
        Versions("r1", "c1"),
        (("tier", "gold"),),
        body,
        postings_of(body, ahead),
    )


def sale_entry(
    number: int, call: str = "", total: int = 950, account: str = "100001", lines: int = 1
):
    body, ahead = sale(number, total, account, (), lines)
    made = entry(body, call or f"call-{number}", ahead)
    return made, encode(made)


LOTS = (LotShare("t0", 700, 20260101, 20260102, 20270101), LotShare("opening", 30))


def every_kind() -> tuple[Body, ...]:
    external = Tender("external", 300, "QR 17")
    return (
        sale(1)[0],
        PaymentTaken(bill("sale-2", 700), external),
        PaymentReturned("sale-2", external),
        SaleVoided(bill("sale-3", account="")),
        PinChanged("1001", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA"),
        LockedOut("1001", 1_700_000_060_000),
        Reprinted("S01-T1-1-000001", 1),
        PointsGiven(
            "100001",
            "check-in",
            "days",
            "1",
            "签到",
            5,
            "points",
            (GrantedLot(5, 20261122, 20270101),),
            "days/20261121/100001",
            3,
            "100002",
            "9001",
        ),
        PointsTaken("100001", "恶意刷分", 7, (PART,), "9001"),
        GiftGiven(
            "100001",
            "mug",
            "2",
            "马克杯",
            "goods",
            "M1",
            20261231,
            2,
            600,
            1000,
            "external",
            "QR 18",
            (PART,),
            "K7Q2",
            SPENT,
        ),
        LotteryOpened(
            "wheel", "1", "大转盘", (Prize("tv", "电视", 10, 1, 300000, "tissue"),), 100, KEY, 50, 3
        ),
        LotteryDrawn(
            "100001",
            11,
            "wheel",
            1,
            b"6:100001,4:call",
            KEY,
            123456,
            "tv",
            "电视",
            50,
            (PART,),
            "1",
            SPENT,
        ),
        AllowancesOpened(
            (Allowance("a1", "100001", "principal", LOTS, "tap", 3, 1_700_000_000_000, 9),)
        ),
        AllowancesClosed(("a1", "a2"), "gone"),
        ToppedUp(
            "S01-T1-1-000002",
            "t1",
            "100001",
            "uid:1",
            (("external", 50_000, "QR 18"),),
            50_000,
            5_000,
            "ladder",
            "2",
            (100, 20),
            20261121,
            1_700_000_000_000,
            1_700_000_900_000,
            is_allowance=False,
        ),
        LedgerOpened("00LEDGER", 120, "ab" * 32, 2, "restored"),
        Carried("rule_use", ("rule", "scope", "units"), (("r-before", "", "3"),)),
        CouponsIssued("shop", "SPRING", 20261231, "100001", "S01-T1", ("ABCDEF2345678923",)),
        PurseIntent(
            "04782e21801d80", "desfire", 7, 5_000, 2, "top-up", 1_250, "d3543abaa46c", 9,
            "20261122101500", "100001", bill("sale-4", 700), Tender("external", 1_250, "QR 18"), 8,
        ),
        PurseSettled(
            "04782e21801d80", "d3543abaa46c", 9, "top-up", 1_250, "paid", "record", 8, 6_250,
            b"\x01\x02", b"\x03", Tender("cash", 1_250), 8, is_witness=True, line="load",
        ),
        PurseRepaid("04782e21801d80", "d3543abaa46c", 9, 1_250),
        PeriodComputed("month", "1", "月满加赠", 20261101, 20261130, 3, 120),
        MemberRegistered("S01-T1-1-7", "plain", KEY),
        ValueAdjusted("100001", "principal", LOTS, "开业补偿", "wang"),
        ValueLapsed("100001", "bonus", LOTS, 20261121),
        LossDeclared("S01-T2", ("a1", "a2"), "掉进水里", "wang"),
        AccountsMerged(
            "100002", "100001", (("points", 30), ("principal", 100)), (("principal", LOTS[0]),),
            (PART,), "同一个人", "wang",
        ),
        Verdict("record", "00LEDGER/0#17", "机器故障", "wang"),
    )  # fmt: skip


MEMBER = accounts.member("100001")
