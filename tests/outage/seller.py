"""A till's queue of customers: sells without a pause, asks again with the same id until it is answered."""

import random
import threading

import httpx

from tests.kit.till import COLA, SOAP, WATER, Api, whole_sale

GOLD = "uid:04a1b2c3d4e5f6"
REFUSED_IN_TROUBLE = {"outcome-unknown", "busy", "disk-full", "disk-trouble", "not-ready"}
PAUSE_S = 0.02


class Seller(threading.Thread):
    """Sells at one till until stopped."""

    def __init__(self, name: str, api: Api, dice: random.Random) -> None:
        super().__init__(name=f"seller-{name}", daemon=True)
        self._who = name
        self._api = api
        self._dice = dice
        self._end = threading.Event()
        self.may_sell = threading.Event()
        self.may_sell.set()
        self.is_idle = threading.Event()
        self.receipts: dict[str, str] = {}
        """Receipt by the id of the call."""
        self.failure = ""

    def stop(self) -> None:
        """Finish the sale at hand and end."""
        self._end.set()
        self.may_sell.set()
        self.join()

    def pause(self) -> None:
        """Finish the sale at hand and wait."""
        self.may_sell.clear()
        self.is_idle.wait(120)

    def resume(self) -> None:
        """Go on."""
        self.is_idle.clear()
        self.may_sell.set()

    def run(self) -> None:
        """Sell."""
        while not self._end.is_set():
            if not self.may_sell.is_set():
                self.is_idle.set()
                self.may_sell.wait()
                continue
            self._sell(f"{self._who}-{len(self.receipts)}-{self._dice.randrange(1 << 40)}")
            self._end.wait(PAUSE_S)
        self.is_idle.set()

    def _sell(self, call: str) -> None:
        body = whole_sale(*self._dice.choices((WATER, COLA, SOAP), k=self._dice.randint(1, 4)))
        if self._dice.random() < 0.3:
            body["member"] = {"card": GOLD}
        while True:
            try:
                answer = self._api.post("/sales", {**body, "id": call})
            except httpx.TransportError:
                if self._end.is_set():
                    return
                self._end.wait(PAUSE_S)
                continue
            said = answer.json() if answer.status_code < 500 else {"refused": "not-ready"}
            if answer.status_code == 200:
                self.receipts[call] = said["receipt"]
                return
            if said.get("refused") not in REFUSED_IN_TROUBLE and not self.failure:
                self.failure = answer.text
            if self._end.is_set():
                return
            self._end.wait(PAUSE_S)
