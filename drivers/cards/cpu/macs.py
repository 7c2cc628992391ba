"""MAC1, MAC2 and TAC of a PBOC wallet, and the session keys they are made with.

Amounts are in minor units, four bytes, highest first; dates and times are binary-coded decimals.

Source: JR/T 0025.1 (PBOC electronic purse): process keys, MAC1 and MAC2 of purchase and load, TAC.
No public vectors exist: the formulas are unproven until a real card was seen.
"""

from dataclasses import dataclass

from drivers.cards.crypto import DES_BLOCK, ZERO_DES_IV, des_cbc_encrypt, des_mac, xor
from drivers.cards.purse import TERMINAL_LENGTH, Movement
from drivers.cards.seam import CardRefusedError

MAC_LENGTH = 4
PURCHASE_LENGTH = 15
LOAD_LENGTH = 16
TYPE_LOAD, TYPE_PURCHASE = b"\x02", b"\x06"
"""Transaction types of an electronic purse."""
_LOAD_MARK = b"\x80\x00"


@dataclass(frozen=True, slots=True)
class Initialised:
    """What a wallet answers to INITIALIZE."""

    balance: int
    counter: int
    """Of offline transactions for a purchase, of online ones for a load, before this one."""
    key_version: int
    drawn: bytes
    """The card's 4 random bytes."""
    mac1: bytes
    """The card's own MAC; a load has one, a purchase none (empty)."""

    @classmethod
    def parse_purchase(cls, raw: bytes) -> "Initialised":
        """Return the answer to INITIALIZE FOR PURCHASE.

        Raises:
            CardRefusedError: It is none.
        """
        if len(raw) != PURCHASE_LENGTH:
            raise CardRefusedError(f"INITIALIZE FOR PURCHASE: {len(raw)} bytes")
        return cls(_int(raw[:4]), _int(raw[4:6]), raw[9], raw[11:15], b"")

    @classmethod
    def parse_load(cls, raw: bytes) -> "Initialised":
        """Return the answer to INITIALIZE FOR LOAD.

        Raises:
            CardRefusedError: It is none.
        """
        if len(raw) != LOAD_LENGTH:
            raise CardRefusedError(f"INITIALIZE FOR LOAD: {len(raw)} bytes")
        return cls(_int(raw[:4]), _int(raw[4:6]), raw[6], raw[8:12], raw[12:])


def purchase_key(key: bytes, said: Initialised, sequence: int) -> bytes:
    """Return the key of one purchase; ``sequence`` is the terminal's."""
    block = said.drawn + said.counter.to_bytes(2, "big") + sequence.to_bytes(4, "big")[2:]
    return des_cbc_encrypt(key, ZERO_DES_IV, block)


def load_key(key: bytes, said: Initialised) -> bytes:
    """Return the key of one load."""
    return des_cbc_encrypt(
        key, ZERO_DES_IV, said.drawn + said.counter.to_bytes(2, "big") + _LOAD_MARK
    )


def till_mac(session: bytes, movement: Movement) -> bytes:
    """Return what the till shows: MAC1 of a purchase, MAC2 of a load."""
    return _mac(session, _core(movement) + bytes.fromhex(movement.when))


def purchase_mac2(session: bytes, amount: int) -> bytes:
    """Return what the card shows once it has debited."""
    return _mac(session, amount.to_bytes(4, "big"))


def load_mac1(session: bytes, balance: int, movement: Movement) -> bytes:
    """Return what the card shows before it is loaded."""
    return _mac(session, balance.to_bytes(4, "big") + _core(movement))


def purchase_tac(key: bytes, movement: Movement) -> bytes:
    """Return the TAC of a purchase: the card's signature for whoever holds the TAC key."""
    said = _core(movement) + movement.sequence.to_bytes(4, "big") + bytes.fromhex(movement.when)
    return _mac(_tac_key(key), said)


def load_tac(key: bytes, movement: Movement, balance: int, counter: int) -> bytes:
    """Return the TAC of a load; ``balance`` is after it, ``counter`` before it."""
    said = balance.to_bytes(4, "big") + counter.to_bytes(2, "big") + _core(movement)
    return _mac(_tac_key(key), said + bytes.fromhex(movement.when))


def transaction_type(movement: Movement) -> bytes:
    """Return the type that stands for this movement in MACs and records."""
    return TYPE_LOAD if movement.kind.is_credit else TYPE_PURCHASE


def _core(movement: Movement) -> bytes:
    assert len(movement.terminal) == TERMINAL_LENGTH
    return movement.amount.to_bytes(4, "big") + transaction_type(movement) + movement.terminal


def _tac_key(key: bytes) -> bytes:
    return xor(key[:DES_BLOCK], key[DES_BLOCK:])


def _mac(key: bytes, said: bytes) -> bytes:
    return des_mac(key, said)[:MAC_LENGTH]


def _int(raw: bytes) -> int:
    return int.from_bytes(raw, "big")
