"""A ledger in memory, chained as the till's file is, and sales to fill it with."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sync.protocol.keys import SecretKey
from sync.protocol.record import genesis, seal
from sync.uplink.api import TillIdentity
from terminal.codec.entry import encode
from terminal.core.effects import Post
from terminal.core.journal import Entry, SalePosted, Tender
from terminal.core.pricing.basket import Goods
from terminal.core.refusal import Refusal
from terminal.core.sale import Idle, LineAdded, MemberIdentified, Tendered, step
from terminal.core.tenders import CASH
from tests.kit import goods

_TEA = Goods("6921168509256", "东方树叶乌龙茶500ml", 550, "drinks", tax_basis_points=1300)
_MILK = Goods("6907992512570", "纯牛奶250ml", 349, "dairy", tax_basis_points=900)
SOLD = (
    (goods.WATER, 2000), (goods.BREAD, 1000), (goods.APPLES, 1305), (goods.SWEET, 3000),
    (goods.TOBACCO, 1000), (_TEA, 1000), (_MILK, 6000), (goods.GIFT, 1000),
)  # fmt: skip
"""Eight lines, discounts on most of them."""


def _paid() -> Entry:
    state = Idle()
    posted: Post | None = None
    events = [
        *(LineAdded(article, quantity) for article, quantity in SOLD),
        MemberIdentified(goods.WANG),
        Tendered(Tender(CASH, 20_000)),
    ]
    for event in events:
        after = step(state, event, goods.TURN)
        assert not isinstance(after, Refusal), after
        state, effects = after
        posted = next((effect for effect in effects if isinstance(effect, Post)), posted)
    assert posted is not None
    return goods.entry(posted)


REFERENCE = _paid()
"""A sale of eight lines to a gold member, with its reasons."""


def sale(number: int) -> bytes:
    """Return the reference sale as the body of record ``number``: its own receipt, call and time."""
    body = REFERENCE.body
    assert isinstance(body, SalePosted)
    bill = replace(body.bill, sale_id=f"sale-{number}")
    stamp = replace(REFERENCE.stamp, wall_ms=REFERENCE.stamp.wall_ms + number)
    receipt = f"S01-T1-1-{number:06d}"
    return encode(
        replace(
            REFERENCE,
            stamp=stamp,
            call_id=f"call-{number}",
            body=replace(body, bill=bill, receipt=receipt),
        )
    )


def till(name: str = "S01-T1", seed: int = 1, trusted=None) -> TillIdentity:
    """Return a till whose key is drawn from ``seed``."""
    key = SecretKey.of_seed(bytes([seed]) * 32)
    return TillIdentity(name, f"{name}-ledger", key, trusted)


@dataclass
class MemoryLedger:
    """Records in a list; satisfies :class:`sync.uplink.api.Records`."""

    identity: TillIdentity
    rows: list[tuple[int, bytes, bytes]] = field(default_factory=list)

    @property
    def head(self) -> int:
        return len(self.rows)

    @property
    def digest(self) -> bytes:
        who = self.identity
        return self.rows[-1][2] if self.rows else genesis(who.ledger_id, who.key.public.raw)

    def post(self, body: bytes) -> int:
        """Append a record; return its number."""
        self.rows.append((self.head + 1, body, seal(self.digest, body)))
        return self.head

    def extend(self, bodies: Iterable[bytes]) -> int:
        for body in bodies:
            self.post(body)
        return self.head

    def read(self, first: int, count: int) -> list[tuple[int, bytes, bytes]]:
        return self.rows[first - 1 : first - 1 + count]

    def copy(self) -> "MemoryLedger":
        """Return the same ledger as on a copied card."""
        return MemoryLedger(self.identity, list(self.rows))
