"""A card that proves nothing is refused for its own reason, unless its identifier is registered as such."""

import pytest

from drivers.api import CardImage
from terminal.app.translate import card
from terminal.core.pricing.basket import Member
from terminal.core.refusal import Key, refuse
from terminal.core.sale import MemberIdentified

KNOWN, LOST, STRANGE = (bytes.fromhex(f"04a1b2c3d4e5f{n}") for n in range(3))
MEMBER = Member("100001", "Ann", "", "gold", "Gold", 0, 0, 0, "", f"uid:{KNOWN.hex()}")
TROUBLES = (
    Key.CARD_OTHER_SHOP,
    Key.CARD_KEY_VERSION,
    Key.CARD_BAD_MAC,
    Key.CARD_CLONED,
    Key.CARD_REPLAYED,
)


class Look:
    """One member with a card that is known by its identifier, and one lost card."""

    def __init__(self, member: Member) -> None:
        self._member = member

    def member_by_medium(self, medium: str) -> Member | None:
        return self._member if medium == f"uid:{KNOWN.hex()}" else None

    def is_lost(self, medium: str) -> bool:
        return medium == f"uid:{LOST.hex()}"


def came(uid: bytes, trouble: Key):
    return card(CardImage("classic", uid, b"", b"", trouble), Look(MEMBER))


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_card_that_proves_nothing_is_refused_for_its_own_reason(trouble):
    assert came(STRANGE, trouble) == refuse(trouble)
    assert came(b"", trouble) == refuse(trouble)


def test_a_card_with_foreign_keys_is_known_by_its_identifier_if_that_is_registered():
    assert isinstance(came(KNOWN, Key.CARD_OTHER_SHOP), MemberIdentified)
    assert came(LOST, Key.CARD_OTHER_SHOP) == refuse(Key.CARD_LOST)


@pytest.mark.parametrize("trouble", TROUBLES[1:])
def test_a_forged_or_copied_card_is_refused_even_if_its_identifier_is_registered(trouble):
    assert came(KNOWN, trouble) == refuse(trouble)
