"""The older the head office's word, the less may be spent at once; in the end nothing."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from config.schema import Value
from terminal.app.value import HOUR_MS, ValueDesk
from terminal.core import accounts
from terminal.core.allowance import Allowance, Cause, Held, LotShare, Wallet
from terminal.core.refusal import Key, Refusal
from terminal.core.stored import pay
from tests.kit.goods import WANG

NOW = 1_795_219_200_000
LOT = (LotShare("l", 90_000),)


def desk(heard_ms: int, *, connected: bool = False) -> ValueDesk:
    given = Allowance("a", WANG.account, accounts.PRINCIPAL, LOT, Cause.AHEAD, 1, heard_ms, 0)
    edges = SimpleNamespace(
        clock=SimpleNamespace(stamp=lambda: SimpleNamespace(wall_ms=NOW)),
        time=SimpleNamespace(business_date=lambda _: 20261121),
        ledger=SimpleNamespace(wallet=lambda account: Wallet(account, (Held(given, LOT),))),
    )
    made = ValueDesk(cast("Any", edges), cast("Any", None), Value(), is_own=False)
    made.connected = connected
    return made


@pytest.mark.parametrize(
    ("hours", "connected", "most"),
    [(1, False, None), (25, False, 20_000), (169, False, 0), (169, True, None)],
)
def test_payments_are_limited_by_the_age_of_what_is_known(hours, connected, most):
    purse = desk(NOW - hours * HOUR_MS, connected=connected).purse(WANG)
    assert purse.most == most
    paid = pay(purse, 50_000)
    if most is None:
        assert not isinstance(paid, Refusal)
    else:
        assert paid == Refusal(Key.VALUE_TOO_OLD, (("possible", most),))
