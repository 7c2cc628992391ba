"""The real till, head office and their settings as processes, for tests that press them hard.

    with TillProcess(tmp_path) as till:
        till.api.sign_in()
        till.api.sell()
        till.restart()
        assert till.records() == ...

Every program runs as a technician starts it (``python -m terminal.app.cli run``), on a free port, with
its files below the folder that the test gives. What it says is kept in ``NAME.log`` there.
"""

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from config.load import load_shop
from terminal.store.reader import Reader
from terminal.store.verify import verify
from tests.kit.heard import Heard
from tests.kit.hq import key_for, let_in
from tests.kit.process import TOP, Server, tallypoint
from tests.kit.waiting import PATIENCE_S, until

SHOP = TOP / "config" / "examples" / "shop.toml"
CASHIER, SUPERVISOR = "1001", "9001"
PIN = "739152"
"""What :meth:`Api.sign_in` changes everybody's first PIN to."""

Json = dict[str, Any]
Device = Mapping[str, str | int | bool]
READER: Device = {"name": "counter", "driver": "virtual"}
SCANNER: Device = {"name": "gun", "driver": "virtual"}
PRINTER: Device = {"name": "receipt", "driver": "virtual"}
WATER, COLA, SOAP = "6921168509201", "6928476800013", "6902924100016"
"""Goods of the example shop for 200, 350 and 3990 fen."""


def first_pins(shop: Path) -> dict[str, str]:
    """Return the first PIN of every operator in a shop file."""
    return {each.id: each.pin or "" for each in load_shop(shop).operators}


class TillProcess(Server):
    """A till with virtual devices, or with those that are given as tables of its settings file."""

    _ready_path = "/api/v1/till"

    def __init__(
        self,
        folder: Path,
        *,
        readers: Iterable[Device] = (READER,),
        scanners: Iterable[Device] = (SCANNER,),
        printers: Iterable[Device] = (PRINTER,),
        broker: int | None = None,
        terminal: str = "S01-T1",
        locale: str = "en",
    ) -> None:
        """Write the settings into ``folder``; ``broker`` is a port of this machine, None: no sync."""
        folder.mkdir(parents=True, exist_ok=True)
        self.settings = folder / "terminal.toml"
        super().__init__("till", ["run", "--config", str(self.settings)], folder)
        self._clients: list[Api] = []
        self.shop = folder / "shop.toml"
        if not self.shop.exists():
            shutil.copy(SHOP, self.shop)
        self.data = folder / "till"
        self.tables: list[tuple[str, Device]] = [
            ("[terminal]", {"id": terminal, "store": "S01", "currency": "CNY", "locale": locale,
                            "data_dir": "till"}),
            *(("[[readers]]", each) for each in readers),
            *(("[[scanners]]", each) for each in scanners),
            *(("[[printers]]", each) for each in printers),
            ("[counter]", {"listen": f"127.0.0.1:{self.port}"}),
            ("[shop]", {"data": "shop.toml"}),
        ]  # fmt: skip
        if broker is not None:
            link: Device = {"broker": f"mqtt://127.0.0.1:{broker}", "trust_hq": "first"}
            self.tables.append(("[sync]", link))
        self.write_settings()

    def write_settings(self) -> None:
        """Write :attr:`tables` anew; they count from the next start."""
        rows = [
            "\n".join((head, *(f"{name} = {json.dumps(value, ensure_ascii=False)}"
                               for name, value in table.items())))
            for head, table in self.tables
        ]  # fmt: skip
        self.settings.write_text("\n\n".join(rows) + "\n", encoding="utf-8")

    @cached_property
    def api(self) -> "Api":
        """The API as the page uses it, with the cookie of who signed in."""
        return self.client()

    def client(self, key: str = "") -> "Api":
        """Return another way into the API; it is closed with the till."""
        made = Api(self.address, first_pins(self.shop), key)
        self._clients.append(made)
        return made

    def __exit__(self, *why: object) -> None:
        super().__exit__(*why)
        for client in self._clients:
            client.client.close()

    def program(self, role: str = "cashier", name: str = "register") -> "Api":
        """Return the API as a cash-register program uses it, with a key of its own."""
        made = self.tallypoint("key", "new", name, "--role", role, "--config", str(self.settings))
        assert made.returncode == 0, made.stderr
        return self.client(made.stdout.strip())

    def tallypoint(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of the technician's."""
        return tallypoint(*words)

    def state(self) -> Json:
        """Return the till as the page shows it."""
        return self.api.json("GET", "/till")

    def until(self, is_so: Callable[[Json], Any], what: str) -> Json:
        """Return the till's state once it is so."""
        seen: list[Json] = []

        def look() -> bool:
            seen[:] = [self.state()]
            return bool(is_so(seen[0]))

        try:
            until(look, what)
        except AssertionError as error:
            raise AssertionError(
                f"{error}; the till: {json.dumps(seen, ensure_ascii=False)}"
            ) from None
        return seen[0]

    def until_total(self, total: int) -> Json:
        """Return the till's state once the basket costs ``total``; it is saved by then."""
        return self.until(lambda state: state["sale"]["quote"]["total"] == total, f"{total} fen")

    def light(self, device: str) -> Json:
        """Return the light of a device."""
        return light(self.state(), device)

    def until_light(self, device: str, key: str) -> Json:
        """Return the light of a device once it says ``key``."""
        state = self.until(lambda state: light(state, device)["key"] == key, f"{device}: {key}")
        return light(state, device)

    def tap(self, card: str) -> None:
        """Lay a card on the virtual reader and take it away."""
        self.api.ok("POST", "/virtual/counter", {"card": card})
        self.api.ok("POST", "/virtual/counter", {"remove": True})

    def scan(self, text: str) -> None:
        """Scan a code with the virtual scanner."""
        self.api.ok("POST", "/virtual/gun", {"text": text})

    def listen(self) -> Heard:
        """Hear what the till says to the cashier from now on; for ``with``."""
        return Heard(self.api.client)

    @property
    def ledger_path(self) -> Path:
        """The file of the ledger."""
        return self.data / "ledger.db"

    def ledger(self) -> Reader:
        """Open the ledger for reading; the caller closes it."""
        return Reader.open(self.ledger_path)

    def records(self) -> list[tuple[int, bytes, bytes]]:
        """Return number, body and digest of every record."""
        return rows(self.ledger_path, "SELECT seq, body, digest FROM record ORDER BY seq")

    def balances(self) -> dict[tuple[str, str], int]:
        """Return the books: what every account holds, by account and unit."""
        return balances(self.ledger_path)

    def sales(self) -> int:
        """Return how many sales were posted."""
        return int(rows(self.ledger_path, "SELECT receipts FROM state")[0][0])

    def assert_whole(self) -> None:
        """Check chain, numbers and books of the ledger."""
        verdict = verify(self.ledger_path)
        assert verdict.faults == (), verdict.faults


class HqProcess(Server):
    """The head office on SQLite."""

    _ready_path = "/api/v1/overview"

    def __init__(self, folder: Path, broker: int, *, locale: str = "en") -> None:
        """Write the settings into ``folder``; ``broker`` is a port of this machine."""
        folder.mkdir(parents=True, exist_ok=True)
        self.settings = folder / "hq.toml"
        super().__init__("hq", ["hq", "run", "--config", str(self.settings)], folder)
        if not (folder / "shop.toml").exists():
            shutil.copy(SHOP, folder / "shop.toml")
        self.database = folder / "hq.db"
        self.settings.write_text(
            f"""[hq]
data = "sqlite:///hq.db"
listen = "127.0.0.1:{self.port}"
broker = "mqtt://127.0.0.1:{broker}"
signing_key = "hq.key"
trust_tills = "first"
shop = "shop.toml"
locale = "{locale}"
""",
            encoding="utf-8",
        )

    @cached_property
    def key(self) -> str:
        """The key of a program that may do everything, made when it is first wanted."""
        return key_for(self.database)

    def cookies(self) -> list[Json]:
        """Return what the browser of a signed-in administrator holds."""
        with httpx.Client(base_url=self.address, headers={"origin": self.address}) as client:
            once, chosen = let_in(self.database, "boss"), "a few good words"
            client.post("/sign-in", data={"name": "boss", "password": once})
            choice = {"old": once, "new": chosen, "again": chosen}
            assert client.post("/password", data=choice).status_code == 303
            held = client.cookies.items()
            return [{"name": name, "value": value, "url": self.address} for name, value in held]

    def get(self, path: str) -> Json:
        """Return what the head office's API says."""
        headers = {"authorization": f"Bearer {self.key}"}
        answer = httpx.get(f"{self.address}/api/v1{path}", timeout=PATIENCE_S, headers=headers)
        assert answer.status_code == 200, answer.text
        said: Json = answer.json()
        return said

    def records(self) -> list[tuple[int, bytes, bytes]]:
        """Return number, body and digest of every record, of the one till there is."""
        return rows(self.database, "SELECT seq, body, digest FROM records ORDER BY seq")

    def balances(self) -> dict[tuple[str, str], int]:
        """Return the books: what every account holds, by account and unit."""
        return balances(self.database)


class Api:
    """The till's HTTP API; draws an id for every changing call that brings none."""

    def __init__(self, address: str, pins: Mapping[str, str], key: str = "") -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.client = httpx.Client(base_url=address, headers=headers, timeout=PATIENCE_S)
        self._pins = pins
        self._ids = count(1)
        self._name = os.urandom(4).hex()

    def new_id(self) -> str:
        """Return an id that was not used before."""
        return f"t-{self._name}-{next(self._ids)}"

    def call(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        """Make one call and return the answer, whatever it is."""
        if method == "GET":
            return self.client.get(f"/api/v1{path}")
        data = {"id": self.new_id(), **(body or {})}
        return self.client.request(method, f"/api/v1{path}", json=data)

    def get(self, path: str) -> httpx.Response:
        """Read."""
        return self.call("GET", path)

    def post(self, path: str, body: Json | None = None) -> httpx.Response:
        """Change."""
        return self.call("POST", path, body)

    def ok(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        """Make a call that must succeed."""
        answer = self.call(method, path, body)
        assert answer.status_code == 200, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    def json(self, method: str, path: str, body: Json | None = None) -> Json:
        """Return the JSON of a call that must succeed."""
        said: Json = self.ok(method, path, body).json()
        return said

    def refused(self, method: str, path: str, body: Json | None = None) -> str:
        """Return the key of the refusal of a call that must be refused, with words for a person."""
        answer = self.call(method, path, body)
        assert answer.status_code == 409, f"{method} {path}: {answer.status_code} {answer.text}"
        said = answer.json()
        assert len(said["message"]) > 5, said
        key: str = said["refused"]
        return key

    def sign_in(self, operator: str = CASHIER) -> None:
        """Sign in, after changing the first PIN if that was not done before."""
        if self.post("/session", {"operator": operator, "pin": PIN}).status_code == 200:
            return
        first = {"operator": operator, "pin": self._pins[operator], "new_pin": PIN}
        self.ok("POST", "/session/pin", first)
        self.ok("POST", "/session", {"operator": operator, "pin": PIN})

    def add(self, *codes: str) -> None:
        """Put goods into the basket."""
        for code in codes:
            self.ok("POST", "/sale/lines", {"code": code})

    def pay(self, amount: int | None = None) -> Json:
        """Pay what is missing, or ``amount``, in cash; return the answer."""
        if amount is None:
            sale = self.json("GET", "/till")["sale"]
            amount = sale["quote"]["total"] - sale.get("paid", 0)
        return self.json("POST", "/sale/tenders", {"type": "cash", "amount": amount})

    def sell(self, *codes: str, id: str | None = None) -> Json:  # noqa: A002 - the API's word.
        """Sell goods whole, as a program does, paid in cash with change."""
        body = whole_sale(*codes)
        return self.json("POST", "/sales", {**body, **({"id": id} if id else {})})


def whole_sale(*codes: str, cash: int = 100_000) -> Json:
    """Return the body of ``POST /sales`` for ``codes`` (water), without id, paid in cash."""
    lines = [{"code": code} for code in codes or (WATER,)]
    return {"lines": lines, "tenders": [{"type": "cash", "amount": cash}]}


def light(state: Json, device: str) -> Json:
    """Return the light of ``device`` in a till's state."""
    found: Json = next(each for each in state["devices"] if each["name"] == device)
    return found


def balances(database: Path) -> dict[tuple[str, str], int]:
    """Return every balance but zero, from a till's or the head office's database."""
    found = rows(database, "SELECT account, unit, amount FROM balance WHERE amount")
    return {(account, unit): amount for account, unit, amount in found}


def rows(database: Path, query: str) -> list[Any]:
    """Return what a query finds in a database that a program may be writing."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()
