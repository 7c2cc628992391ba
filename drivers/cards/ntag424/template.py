"""The address that our tags write: fixed text with places for what the tag puts in.

``{picc}`` is 32 hexadecimal digits of identifier and counter, enciphered; ``{uid}`` and ``{counter}`` are the
same in the open. ``{file:16}`` is so many bytes of the tag's own data, enciphered. ``{mac}`` stands last of
these and signs the text from ``{file}`` on; without a ``{file}`` it signs identifier and counter alone.

>>> template = Template.parse("https://example.com/m?e={picc}&c={mac}")
>>> template.read("https://example.com/m?e=" + 32 * "0" + "&c=" + 16 * "0").counter is None
True

Source: NXP NT4H2421Gx 9.3 (secure dynamic messaging), AN12196 3.
"""

import re
from dataclasses import dataclass, field

from drivers.cards.seam import CardRefusedError

ADDRESS_MAX = 240
"""Characters; message and address must fit into a file of 256 bytes and one answer."""
FILE_MAX = 96
_PICC, _UID, _COUNTER, _FILE, _MAC = "picc", "uid", "counter", "file", "mac"
_DIGITS = {_PICC: 32, _UID: 14, _COUNTER: 6, _MAC: 16}
_PLACE = re.compile(r"\{(picc|uid|counter|mac|file:(\d{1,3}))\}")
_AES_BLOCK = 16


class TemplateError(ValueError):
    """A template that no tag could write, or that would prove nothing."""


@dataclass(frozen=True, slots=True)
class Message:
    """What stands in an address; nothing of it is believed yet."""

    picc: bytes
    """Enciphered identifier and counter; empty if they are in the open."""
    uid: bytes
    counter: int | None
    file: bytes
    """Enciphered data of the tag; may be empty."""
    signed: bytes
    """The text that the MAC covers, besides identifier and counter."""
    mac: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """Where the tag puts something in."""

    kind: str
    at: int
    """Index of its first character in the address."""
    digits: int


@dataclass(frozen=True, slots=True)
class Template:
    """The address that tags of ours write."""

    places: tuple[Place, ...]
    blank: str
    """The address with zeros in its places."""
    pattern: re.Pattern[str] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "Template":
        """Return the template in ``text``.

        Raises:
            TemplateError: It is too long, or lacks or repeats a place, or ends wrongly.
        """
        places: list[Place] = []
        blank, pattern, done = "", "", 0
        for match in _PLACE.finditer(text):
            kind = _FILE if match[2] else match[1]
            digits = 2 * int(match[2]) if match[2] else _DIGITS[kind]
            fixed = text[done : match.start()]
            blank += fixed
            places.append(Place(kind, len(blank), digits))
            blank += "0" * digits
            pattern += f"{re.escape(fixed)}(?P<{kind}>[0-9A-F]{{{digits}}})"
            done = match.end()
            if len(blank) > ADDRESS_MAX:
                break
        blank += text[done:]
        _check(tuple(places), blank)
        return cls(tuple(places), blank, re.compile(pattern + re.escape(text[done:])))

    def place(self, kind: str) -> Place | None:
        """Return where ``kind`` stands; None if it does not."""
        return next((place for place in self.places if place.kind == kind), None)

    def fits(self, address: str) -> bool:
        """Return whether ``address`` has the form that tags of ours write."""
        return self._match(address) is not None

    def read(self, address: str) -> Message:
        """Return what stands in ``address``.

        Raises:
            CardRefusedError: It is no address of ours.
        """
        match = self._match(address)
        if match is None:
            raise CardRefusedError("no address of a tag of ours")
        found = match.groupdict()
        start = match.start(_FILE) if _FILE in found else match.start(_MAC)
        return Message(
            bytes.fromhex(found.get(_PICC, "")),
            bytes.fromhex(found.get(_UID, "")),
            int(found[_COUNTER], 16) if _COUNTER in found else None,
            bytes.fromhex(found.get(_FILE, "")),
            address[start : match.start(_MAC)].encode("ascii"),
            bytes.fromhex(found[_MAC]),
        )

    def _match(self, address: str) -> re.Match[str] | None:
        return self.pattern.fullmatch(address) if len(address) == len(self.blank) else None


def _check(places: tuple[Place, ...], blank: str) -> None:
    kinds = [place.kind for place in places]
    if len(blank) > ADDRESS_MAX or not blank.isascii():
        raise TemplateError(f"the address has more than {ADDRESS_MAX} characters, or strange ones")
    if len(set(kinds)) != len(kinds) or not kinds or kinds[-1] != _MAC:
        raise TemplateError("each place may stand once, and {mac} must be the last")
    if (_PICC in kinds) == (_UID in kinds) or (_UID in kinds) != (_COUNTER in kinds):
        raise TemplateError("there must be {picc}, or {uid} and {counter}")
    for place in places:
        if place.kind != _FILE:
            continue
        length = place.digits // 2
        if not 0 < length <= FILE_MAX or length % _AES_BLOCK or _PICC not in kinds:
            raise TemplateError("{file} needs {picc}, and whole blocks of 16 bytes")
        if kinds.index(_FILE) != len(kinds) - 2:
            raise TemplateError("{file} must stand right before {mac}")
