"""A FeliCa card in a PC/SC reader that tells its IDm and nothing else.

Source: JIS X 6319-4; ACR122U API 2.04.
"""

from dataclasses import dataclass

from tests.cards.sim.power import Memory

OK = b"\x90\x00"
UNKNOWN = b"\x6d\x00"


@dataclass
class Felica:
    """The card and its reader; call it with a command."""

    idm: bytes
    is_fast: bool = False
    """At 424 in place of 212 kbit/s."""

    def __post_init__(self) -> None:
        self.memory = Memory(0)

    @property
    def atr(self) -> bytes:
        name = "f012" if self.is_fast else "f011"
        body = bytes.fromhex(f"8f8001804f0ca00000030603{name}00000000")
        check = 0
        for byte in body:
            check ^= byte
        return b"\x3b" + body + bytes((check,))

    def power_off(self) -> None:
        """Leave the field."""

    def __call__(self, command: bytes) -> bytes:
        return self.idm + OK if command == bytes.fromhex("ffca000000") else UNKNOWN
