"""A small till for tests of the counter: the real core on a real thread, no disk, device or network."""

import hashlib
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from typing import Self

from terminal.core import sale as sales
from terminal.core import scan, till
from terminal.core.effects import Post, Tell
from terminal.core.journal import Tender
from terminal.core.pricing.basket import Goods, Member
from terminal.core.pricing.rules import EarnRule, PercentRule, RuleBook
from terminal.core.refusal import Key, Refusal, refuse
from terminal.core.till import NEW, Operator
from terminal.core.turn import Turn
from terminal.counter import desk, shapes
from terminal.counter.desk import (
    Answer,
    Call,
    DeskFullError,
    DeviceLight,
    Done,
    Notice,
    PrintDoubt,
    SyncLight,
    View,
)
from terminal.counter.pins import hash_pin
from terminal.counter.services import (
    BackTestState,
    DemoCard,
    DemoCode,
    OperatorRecord,
    Services,
    Tray,
    VirtualDevice,
)

PEPPER = b"pepper of a till in a test"
NOW_MS = 1_795_240_000_000
CASHIER_PIN, SUPERVISOR_PIN, FIRST_PIN = "4071", "8530", "2580"
KEY = "a-key-of-a-program"
GOODS = {
    goods.code: goods
    for goods in (
        Goods("6901234567892", "农夫山泉 550ml", 200, "drinks"),
        Goods("6902083881405", "康师傅红烧牛肉面", 450, "food"),
        Goods("6921168509256", "可口可乐 330ml", 350, "drinks"),
        Goods("6903244675086", "维达抽纸 3 包装", 1290, "home"),
        Goods("6907992100012", "伊利纯牛奶 250ml", 380, "dairy"),
        Goods("6922255451427", "百岁山矿泉水 570ml", 300, "drinks"),
        Goods("6920152414019", "乐事薯片 原味 75g", 790, "food"),
        Goods("6954767413877", "费列罗榛果巧克力 8 粒", 4590, "food"),
        Goods("2000000000015", "散装苹果", 998, "fresh", unit="kg"),
        Goods("6900000000014", "软中华", 6500, "tobacco", earns=False),
    )
}
MEMBERS = (
    Member("100001", "张伟", "13800000001", "gold", "金卡", 1286, 32000, 4000, "11-23",
           "uid:04a1b2c3d4e5f6"),
    Member("100002", "王芳", "13800000002", "silver", "银卡", 240, 0, 0, "",
           "uid:04b1b2c3d4e5f6"),
    Member("100003", "李秀英", "13800000003", "plain", "普卡", 12, 1500, 0, "03-08", "card:100003"),
)  # fmt: skip
RULES = RuleBook(
    "7", "42",
    (
        PercentRule("tier-gold", "3", "金卡价", "tier", 0, 88, frozenset({"gold"}), frozenset()),
        PercentRule("tier-silver", "3", "银卡价", "tier", 0, 95, frozenset({"silver"}), frozenset()),
        PercentRule("dairy", "1", "乳品九折", "category", 0, 90, frozenset(), frozenset({"dairy"})),
    ),
    EarnRule("points", "2", "每元 1 分", 100, 1, 100_000, (("gold", 200), ("silver", 150))),
)  # fmt: skip
INBOX_MAX = 50
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c63f80f0001010100"
    "1bb6ee560000000049454e44ae426082"
)


class NoBackTests:
    """Nobody tries rules here."""

    def start(self, draft, since, until):
        return "b1"

    def state(self, name):
        return BackTestState("done", 1, 1, "", {}) if name == "b1" else None

    def csv(self, name):
        return "what\n"

    def cancel(self, name):
        return name == "b1"


class FakeDesk:
    """A till whose ledger is a list. ``hang`` makes it fall silent; ``posted`` is what it wrote."""

    def __init__(self) -> None:
        self.posted: list[object] = []
        self.calls: list[Call] = []
        self.touched: list[desk.TouchVirtual] = []
        self.locks: dict[str, int] = {}
        self.pins: dict[str, str] = {}
        self.free = threading.Event()
        self.free.set()
        self._answers: dict[str, tuple[bytes, Answer]] = {}
        self._inbox: queue.Queue[tuple[Call, Future[Answer]] | None] = queue.Queue(INBOX_MAX)
        self._wakes: list[Callable[[], None]] = []
        self._till = NEW
        self._sales = 0
        self._notices: tuple[Notice, ...] = ()
        self._view = View(
            1, NEW,
            (
                DeviceLight("读卡器", "reader", "up", "ok", ""),
                DeviceLight("扫码枪", "scanner", "up", "ok", ""),
                DeviceLight("小票机", "printer", "up", "ok", ""),
            ),
            SyncLight(True, 120, 117, NOW_MS - 12_000, ""), (), "", (), "ok",
        )  # fmt: skip
        self._thread = threading.Thread(target=self._run, name="fake-loop", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.free.set()
        self._inbox.put(None)
        self._thread.join()

    def ask(self, call: Call) -> "Future[Answer]":
        future: Future[Answer] = Future()
        try:
            self._inbox.put_nowait((call, future))
        except queue.Full:
            raise DeskFullError from None
        return future

    def view(self) -> View:
        return self._view

    def watch(self, wake: Callable[[], None]) -> Callable[[], None]:
        self._wakes.append(wake)

        def stop() -> None:
            with suppress(ValueError):
                self._wakes.remove(wake)

        return stop

    def show(self, **changed: object) -> None:
        """Change the view from outside the loop, as devices and sync would."""
        self._view = replace(self._view, version=self._view.version + 1, **changed)
        for wake in list(self._wakes):
            wake()

    def tell(self, key: str, level: str, **facts: str | int) -> None:
        """Say a notice."""
        self._notices = (
            *self._notices[-7:],
            Notice(len(self._notices) + self._view.version, key, level, tuple(facts.items())),
        )
        self.show(notices=self._notices)

    def _run(self) -> None:
        while (taken := self._inbox.get()) is not None:
            call, future = taken
            self.free.wait()
            future.set_result(self._once(call))

    def _once(self, call: Call) -> Answer:
        before = self._answers.get(call.id)
        if before is not None:
            return before[1] if before[0] == call.digest else refuse(Key.ID_REUSED)
        if isinstance(call.action, desk.Again):
            return Done({})
        self.calls.append(call)
        answer = self._act(call)
        if isinstance(answer, Done):
            self._answers[call.id] = call.digest, answer
        return answer

    def _act(self, call: Call) -> Answer:
        match call.action:
            case desk.LockOperator(operator, until_ms):
                self.locks[operator] = until_ms
                return Done({})
            case desk.ChangePin(operator, verifier):
                self.pins[operator] = verifier
                return Done({"seq": len(self.pins)})
            case desk.PrintCopy(number):
                if number != self._view.last_receipt:
                    return refuse(Key.NO_SUCH_RECEIPT, number=number)
                self.show(doubts=())
                return Done({"receipt": number})
            case desk.TouchVirtual() as touch:
                return self._touch(touch)
            case desk.QuoteOnly() as asked:
                return self._quote(asked)
        event = self._event(call.action)
        if isinstance(event, Refusal):
            return event
        return self._handle(event)

    def _touch(self, touch: desk.TouchVirtual) -> Answer:
        self.touched.append(touch)
        if touch.what == "text":
            event = self._scanned(touch.value)
        elif touch.what == "card":
            event = self._member(touch.value)
        else:
            state = ("up", "ok") if touch.value == "ok" else ("down", "paper-out")
            if touch.what == "paper":
                lights = (*self._view.devices[:2], DeviceLight("小票机", "printer", *state, ""))
                self.show(devices=lights)
            return Done({})
        answer = event if isinstance(event, Refusal) else self._handle(event)
        if isinstance(answer, Refusal):
            self.tell(answer.key.value, "bad", **dict(answer.facts))
        return Done({})

    def _quote(self, asked: desk.QuoteOnly) -> Answer:
        sold = self._event(desk.SellWhole(asked.lines, asked.member, (), None))
        if isinstance(sold, Refusal):
            return sold
        whole = till.whole(sold, Turn(RULES, "q"))
        return whole if isinstance(whole, Refusal) else Done(shapes.quote(whole.quote))

    def _handle(self, event: till.Event) -> Answer:
        after = till.handle(self._till, event, Turn(RULES, f"sale-{len(self.calls)}"))
        if isinstance(after, Refusal):
            return after
        self._till, effects = after
        result: dict[str, object] = {}
        receipt = self._view.last_receipt
        for effect in effects:
            if isinstance(effect, Post):
                self.posted.append(effect.body)
                if type(effect.body).__name__ == "SalePosted":
                    self._sales += 1
                    receipt = f"S01-T1-1-{self._sales:06d}"
                    result = {"receipt": receipt, "total": effect.body.bill.totals.total}
        notices = [each for each in effects if isinstance(each, Tell)]
        self.show(till=self._till, last_receipt=receipt)
        for each in notices:
            self.tell(each.key, each.level, **dict(each.facts))
        return Done(result)

    def _event(  # noqa: PLR0911, PLR0912 - a table
        self, action: object
    ) -> "till.Event | Refusal":
        match action:
            case desk.ScanText(text):
                return self._scanned(text)
            case desk.AddLine(code, name, quantity, unit_price):
                if code is None:
                    return sales.LineAdded(Goods("", name, unit_price, ""), quantity)
                goods = GOODS.get(code)
                if goods is None:
                    return refuse(Key.UNKNOWN_CODE, code=code[:40])
                return sales.LineAdded(goods, quantity, unit_price)
            case desk.ChangeLine(n, quantity, unit_price):
                return sales.LineChanged(n, quantity, unit_price)
            case desk.RemoveLine(n):
                return sales.LineRemoved(n)
            case desk.SetMember(card, phone, member):
                return self._member(card or phone or member)
            case desk.ClearMember():
                return sales.MemberCleared()
            case desk.TakeTender(kind, amount, reference):
                return sales.Tendered(Tender(kind, amount, reference))
            case desk.ClearTenders():
                return sales.TendersCleared()
            case desk.VoidSale():
                return sales.Voided()
            case desk.HoldSale():
                return till.Held()
            case desk.ResumeSale(sale_id):
                return till.Resumed(sale_id)
            case desk.SignIn(operator):
                return till.SignedIn(operator)
            case desk.SignOut():
                return till.SignedOut()
            case desk.SellWhole(lines, member, tenders, total):
                return self._whole(lines, member, tenders, total)
        raise AssertionError(action)

    def _whole(self, lines, member, tenders, total):
        events = [self._event(line) for line in lines]
        buyer = self._event(member) if member else None
        for each in (*events, buyer):
            if isinstance(each, Refusal):
                return each
        paid = tuple(Tender(each.type, each.amount, each.reference) for each in tenders)
        return till.Sold(tuple(events), buyer, paid, total)

    def _scanned(self, text: str) -> "till.Event | Refusal":
        meaning = scan.parse(text)
        match meaning:
            case Refusal():
                return meaning
            case scan.MemberCode(number):
                return self._member(number)
            case scan.GoodsCode(code):
                goods = GOODS.get(code)
        return sales.LineAdded(goods, 1000) if goods else refuse(Key.UNKNOWN_CODE, code=code)

    def _member(self, text: str) -> "till.Event | Refusal":
        for each in MEMBERS:
            if text in (each.account, each.phone, each.medium):
                return sales.MemberIdentified(each)
        return refuse(Key.UNKNOWN_MEMBER)


def services(desk: FakeDesk, locale: str = "zh-CN", now_ms: Callable[[], int] = lambda: NOW_MS):
    """Return what the counter reads, for ``desk``."""
    cashier = hash_pin(CASHIER_PIN, PEPPER, b"0" * 16)
    supervisor = hash_pin(SUPERVISOR_PIN, PEPPER, b"1" * 16)
    people = {
        "1001": OperatorRecord("1001", "王小明", "cashier", cashier, False, 0),
        "9001": OperatorRecord("9001", "陈静", "supervisor", supervisor, False, 0),
        "1002": OperatorRecord("1002", "新同事", "cashier", f"first:{FIRST_PIN}", True, 0),
    }

    def operator(number: str) -> OperatorRecord | None:
        found = people.get(number)
        if found is None:
            return None
        if number in desk.pins:
            found = replace(found, verifier=desk.pins[number], must_change=False)
        return replace(found, locked_until_ms=desk.locks.get(number, 0))

    def known(number: str) -> bool:
        return bool(number) and number == desk.view().last_receipt

    counter = iter(range(1, 1_000_000))

    def random_bytes(length: int) -> bytes:
        return hashlib.sha256(str(next(counter)).encode()).digest()[:length]

    return Services(
        store="S01", terminal="S01-T1", currency="CNY", locale=locale, title="街角便利店",
        pepper=PEPPER,
        virtual=(
            VirtualDevice("读卡器", "reader"),
            VirtualDevice("扫码枪", "scanner"),
            VirtualDevice("小票机", "printer"),
        ),
        now_ms=now_ms, random_bytes=random_bytes, operator=operator,
        api_keys=lambda: {
            hashlib.sha256(KEY.encode()).hexdigest(): Operator("erp", "ERP", "cashier")
        },
        receipt=lambda number: {"number": number} if known(number) else None,
        receipt_text=lambda number: "街角便利店\n" if known(number) else None,
        receipt_png=lambda number: PICTURE if known(number) else None,
        entry=lambda seq: {"seq": seq} if seq == 1 else None,
        backtests=NoBackTests(),
        explain=lambda seq: {"verdict": "equal", "why": "", "differences": []} if seq == 1 else None,
        search_members=lambda text, limit: [
            each for each in MEMBERS if text in each.name or text in each.phone
        ][:limit],
        points=lambda account: None,
        search_goods=lambda text, limit: [
            each for each in GOODS.values() if text in each.name or text in each.code
        ][:limit],
        tray=lambda: Tray(
            tuple(DemoCard(each.name, each.tier_name, each.medium) for each in MEMBERS),
            tuple(DemoCode(each.name, each.price, each.code) for each in GOODS.values()),
        ),
    )  # fmt: skip


DOUBT = PrintDoubt("S01-T1-1-000001", "unknown")
