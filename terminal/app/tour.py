"""``./run --tour``: one sale from tap to head office, without a person, on the real programs.

The amounts are drawn from a printed seed. In the middle, when an external payment has been taken and the
sale is due, the till is killed as by a power cut; it comes back with the sale still due. The tour ends
well only if the head office's database holds the sale's record, byte for byte as the till's.
"""

import json
import sqlite3
import sys
import time
from collections.abc import Callable
from functools import partial
from random import Random  # noqa: TID251 - seeded, and the seed is printed.
from typing import Any

from config.load import load_shop
from terminal.app.demo import Demo, ask, first_pins, wait_for

WAIT_S = 30.0
_LOOK_EVERY_S = 0.05
WHOLE_PERCENT = 100
_NEW_PIN = "739152"
Json = dict[str, Any]


class TourError(Exception):
    """Something did not come out as it must."""


def tour(demo: Demo, seed: int) -> int:
    """Take the tour and return the exit code."""
    print(f"seed {seed}")
    try:
        _Tour(demo, Random(seed)).take()
    except TourError as error:
        print(f"THE TOUR FAILED: {error}", file=sys.stderr)
        for log in sorted(demo.folder.glob("*.log")):
            print(f"--- {log.name}", log.read_text()[-3000:], sep="\n", file=sys.stderr)
        return 1
    return 0


def _has_lines(count: int, till: Json) -> bool:
    return len(till["sale"]["quote"]["lines"]) == count


class _Tour:
    def __init__(self, demo: Demo, draw: Random) -> None:
        self._demo = demo
        self._draw = draw
        self._port = demo.ports[0]
        self._headers: dict[str, str] = {}
        self._calls = 0
        self._say: Callable[[str], None] = print

    def take(self) -> None:
        self._sign_in()
        card, codes = self._drawn(self._get("/api/v1/virtual"))
        self._say(f"member   {card['name']} lays the card on the reader")
        self._call("POST", "/virtual/counter", {"card": card["value"]})
        member = self._until("the member", lambda till: till["sale"]["member"])
        self._say(f"tap      {member['name']}, {member['tier_name']}")
        for count, code in enumerate(codes, 1):
            self._call("POST", "/virtual/gun", {"text": code["value"]})
            self._until("the line", partial(_has_lines, count))
            self._say(f"scan     {code['name']}")
        self._call("POST", "/virtual/counter", {"remove": True})
        lines = self._till()["sale"]["quote"]["lines"]
        more = self._draw.randint(2, 9) * 1000
        self._call("PATCH", f"/sale/lines/{lines[0]['n']}", {"quantity": more})
        quote = self._till()["sale"]["quote"]
        self._say(
            f"quote    {quote['gross']} - {quote['discount']} = {quote['total']} fen,"
            f" {quote['points']['earned']} points"
        )
        for line in quote["lines"]:
            for taken in line["discounts"]:
                self._say(f"  why    {line['name']}: -{taken['amount']} {taken['why']}")
        if not (quote["discount"] and quote["points"]["earned"]):
            raise TourError("a sale without a discount or points shows neither")
        self._pay(quote["total"])

    def _drawn(self, tray: Json) -> tuple[Json, list[Json]]:
        """Draw a card whose tier pays less, and three goods of which at least one earns points."""
        shop = load_shop(self._demo.folder / "shop.toml")
        cheaper = {tier.name for tier in shop.tiers if tier.percent < WHOLE_PERCENT}
        earning = {goods.name for goods in shop.goods if goods.earns}
        card = self._draw.choice([each for each in tray["cards"] if each["tier"] in cheaper])
        first = self._draw.choice([each for each in tray["codes"] if each["name"] in earning])
        others = [each for each in tray["codes"] if each != first]
        return card, [first, *self._draw.sample(others, 2)]

    def _pay(self, total: int) -> None:
        part = self._draw.randint(1, total - 1)
        tender = {"type": "external", "amount": part, "reference": "QR-0001"}
        self._call("POST", "/sale/tenders", tender)
        self._say(f"external {part} fen taken; now the till is killed")
        self._demo.programs["till"].kill()
        time.sleep(_LOOK_EVERY_S)
        wait_for(self._demo, 0, "/api/v1/till")
        self._sign_in()
        state = self._till()["sale"]["state"]
        if state != "due":
            raise TourError(f"after the restart the sale is {state}, not due")
        self._say("restart  the sale is back, and due")
        cash = total - part + self._draw.randint(0, 5000)
        done = self._call("POST", "/sale/tenders", {"type": "cash", "amount": cash})
        self._say(f"cash     {cash} fen, change {done['change']}")
        self._check(done)

    def _check(self, done: Json) -> None:
        number, seq = done["receipt"], done["seq"]
        status, _, text = ask(
            self._port, "GET", f"/api/v1/receipts/{number}.txt", None, self._headers
        )
        if status != 200:
            raise TourError(f"receipt {number}: {status}")
        self._say(text.decode())
        self._until("the printer", lambda till: not till["doubts"])
        self._until("the head office", lambda till: till["sync"]["acknowledged"] >= seq)
        ours = self._body("till/ledger.db", "record", seq)
        theirs = self._body("hq.db", "records", seq)
        if ours != theirs:
            raise TourError("the head office's record differs from the till's")
        self._say(f"HQ       acknowledged and holds record {seq}: {len(theirs)} bytes, equal")
        entry = self._get(f"/api/v1/ledger/{seq}")
        self._say(f"entry    {json.dumps(entry['postings'], ensure_ascii=False)}")

    def _body(self, name: str, table: str, seq: int) -> bytes:
        database = sqlite3.connect(f"file:{self._demo.folder / name}?mode=ro", uri=True)
        try:
            asked = f"SELECT body FROM {table} WHERE seq = ?"  # noqa: S608 - our two tables.
            row = database.execute(asked, (seq,)).fetchone()
        finally:
            database.close()
        if row is None:
            raise TourError(f"{name} holds no record {seq}")
        body: bytes = row[0]
        return body

    def _sign_in(self) -> None:
        number, _, _, first = first_pins(self._demo.folder / "shop.toml")[0]
        self._ask("POST", "/session/pin", {"operator": number, "pin": first, "new_pin": _NEW_PIN})
        status, headers, answer = self._ask(
            "POST", "/session", {"operator": number, "pin": _NEW_PIN}
        )
        if status >= 300:
            raise TourError(f"sign-in: {status} {answer.decode()}")
        self._headers = {"Cookie": headers["set-cookie"].partition(";")[0]}

    def _ask(self, method: str, path: str, body: Json) -> tuple[int, dict[str, str], bytes]:
        self._calls += 1
        body = {"id": f"tour-{self._draw.getrandbits(48):x}-{self._calls}", **body}
        headers = self._headers if path not in ("/session", "/session/pin") else {}
        status, headers, data = ask(self._port, method, f"/api/v1{path}", body, headers)
        return status, {name.lower(): value for name, value in headers.items()}, data

    def _call(self, method: str, path: str, body: Json) -> Json:
        status, _, data = self._ask(method, path, body)
        if status >= 300:
            raise TourError(f"{method} {path}: {status} {data.decode()}")
        answer: Json = json.loads(data) if data else {}
        return answer

    def _get(self, path: str) -> Json:
        status, _, data = ask(self._port, "GET", path, None, self._headers)
        if status != 200:
            raise TourError(f"{path}: {status} {data.decode()}")
        answer: Json = json.loads(data)
        return answer

    def _till(self) -> Json:
        return self._get("/api/v1/till")

    def _until(self, what: str, wanted: Callable[[Json], Any]) -> Any:
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            found = wanted(self._till())
            if found:
                return found
            time.sleep(_LOOK_EVERY_S)
        raise TourError(f"waited {WAIT_S:.0f} s in vain for {what}: {self._till()}")
