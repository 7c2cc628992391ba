"""The member number on a MIFARE Classic: three blocks that hold one sealed record."""

from dataclasses import dataclass

from drivers.cards import member
from drivers.cards.classic import sector
from drivers.cards.classic.keys import CardKeys, all_card_keys
from drivers.cards.keys import Keys
from drivers.cards.seam import Transmit
from drivers.cards.storage import read_uid


@dataclass(frozen=True, slots=True)
class Found:
    """What a card says of its member."""

    uid: bytes
    keys: CardKeys
    """Those that fitted; an old generation is a reason to personalise the card anew."""
    text: bytes


def read_member(transmit: Transmit, keys: Keys) -> Found:
    """Return the member text of the card. Six commands with the newest keys.

    Raises:
        WrongKeyError, BadMacError, CardRefusedError, CardTornError: As :func:`read_known`.
    """
    return read_known(transmit, keys, read_uid(transmit))


def read_known(transmit: Transmit, keys: Keys, uid: bytes) -> Found:
    """Return the member text of the card whose identifier was read.

    Raises:
        WrongKeyError: The card takes none of our keys.
        BadMacError: The record was not written by us for this card.
        CardRefusedError: There is none.
        CardTornError: The card left.
    """
    own = sector.open_member(transmit, all_card_keys(keys, uid))
    record = b"".join(
        sector.read_block(transmit, own.member, index) for index in range(sector.BLOCKS)
    )
    return Found(uid, own, member.unseal(own.mac, uid, record))
