"""What a reader itself can do for the person before it: light, sound, and seeing that one card lies there.

These are commands to the reader and never reach the card. No reader of any maker was on the bench: what a
real one does with them is unproven. One that does not know them refuses, and nothing else happens.

Sources: ACR122U API 2.04, 6.2 (LEDs and buzzer); NXP UM0701-02 7.3.5 (InListPassiveTarget).
"""

from enum import Enum

from drivers.cards.seam import CardRefusedError, Transmit

_GREEN = 0xAE
"""Red is switched off and green on; green blinks first, beginning lit."""
_RED = 0x5D
"""Red is switched on and green off; red blinks first, beginning lit."""
_BEEP_WITH_BLINK = 0x01
_TENTH_S = 0x01
_LIST_TWO_TARGETS = bytes.fromhex("ff00000004d44a0200")
"""At 106 kbit/s, type A; more than two at once a PN532 cannot list."""
_LISTED = b"\xd5\x4b"


class Signal(Enum):
    """What the reader says: LEDs, and how often it blinks and beeps, a tenth of a second each."""

    GOOD = (_GREEN, 1)
    BAD = (_RED, 3)


class SeveralCardsError(CardRefusedError):
    """More than one card lies on the reader; which one is meant, nobody knows."""


def signal(transmit: Transmit, wanted: Signal) -> None:
    """Have an ACR122U blink and beep; it answers when it is done.

    Raises:
        CardRefusedError: The reader does not know how.
        CardTornError: There is no card, without which it takes no command.
    """
    leds, times = wanted.value
    body = bytes((_TENTH_S, _TENTH_S, times, _BEEP_WITH_BLINK))
    answer = transmit(bytes((0xFF, 0x00, 0x40, leds, len(body))) + body)
    if answer.status >> 8 != _DONE:
        raise CardRefusedError("LEDs and buzzer", answer.status)


def check_alone(transmit: Transmit) -> None:
    """Check, on a reader around a PN532, that one card lies there. Without an answer it cannot be known.

    Raises:
        SeveralCardsError: There are more.
        CardTornError: The card left.
    """
    answer = transmit(_LIST_TWO_TARGETS)
    if answer.status >> 8 != _DONE or not answer.data.startswith(_LISTED):
        return
    if answer.data[len(_LISTED) :][:1] > b"\x01":
        raise SeveralCardsError("several cards lie on the reader")


_DONE = 0x90
"""The second byte of the status tells how the LEDs are now."""
