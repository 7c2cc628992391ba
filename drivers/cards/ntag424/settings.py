"""The settings of the message file that make a tag write what a template asks for.

Source: NXP NT4H2421Gx 10.7.1 (ChangeFileSettings, table 69), 10.7.2 (GetFileSettings); AN12196 table 18.
"""

from drivers.cards.desfire.codes import KEY_FREE, rights
from drivers.cards.ntag424.tag import FILE_LENGTH, offset_in_file
from drivers.cards.ntag424.template import Place, Template

MASTER_KEY = 0
FILE_KEY = 1
"""Signs, and enciphers ``{file}``."""
META_KEY = 2
"""Enciphers ``{picc}``."""
KEYS = 5
_DYNAMIC = 0x40
_UID, _COUNTER, _ENCIPHERED_FILE, _ASCII = 0x80, 0x40, 0x10, 0x01
_RESERVED = 0xF
_STANDARD_FILE = b"\x00"

DELIVERED = b"\x00" + rights(KEY_FREE, KEY_FREE, KEY_FREE, MASTER_KEY)
"""Anybody may read and write; nothing is put in."""


def encode(template: Template) -> bytes:
    """Return the settings: anybody reads, the master key writes and changes them."""
    file = template.place("file")
    options = _UID | _COUNTER | _ASCII | (_ENCIPHERED_FILE if file else 0)
    picc = template.place("picc")
    meta = META_KEY if picc else KEY_FREE
    keys = bytes((_RESERVED << 4 | FILE_KEY, meta << 4 | FILE_KEY))
    places = [picc] if picc else [template.place("uid"), template.place("counter")]
    mac = template.place("mac")
    offsets = [_offset(template, place) for place in (*places, file or mac)]
    if file:
        offsets += [_offset(template, file), _number(file.digits)]
    offsets.append(_offset(template, mac))
    access = rights(KEY_FREE, MASTER_KEY, MASTER_KEY, MASTER_KEY)
    return bytes((_DYNAMIC,)) + access + bytes((options,)) + keys + b"".join(offsets)


def as_told(settings: bytes) -> bytes:
    """Return what the tag tells of its message file when it has ``settings``."""
    return _STANDARD_FILE + settings[:3] + _number(FILE_LENGTH) + settings[3:]


def _offset(template: Template, place: Place | None) -> bytes:
    assert place is not None
    return _number(offset_in_file(template, place.at))


def _number(value: int) -> bytes:
    return value.to_bytes(3, "little")
