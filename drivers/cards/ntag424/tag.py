"""Reading and writing the address on an NTAG 424 DNA, as a phone does.

Source: NFC Forum Type 4 Tag 5 (SELECT, READ, UPDATE); NXP NT4H2421Gx 8.2 (files).
"""

from drivers.cards.ndef import NdefError, build_message, parse_message, uri_of, uri_record
from drivers.cards.ntag424.template import Template
from drivers.cards.seam import CardRefusedError, Transmit

NDEF_AID = bytes.fromhex("d2760000850101")
MESSAGE_FILE = bytes.fromhex("e104")
FILE_LENGTH = 256
_LENGTH_LENGTH = 2
_READ_LENGTH = 0xFF
_SELECT_APPLICATION = bytes.fromhex("00a4040c07") + NDEF_AID + b"\x00"
_SELECT_FILE = bytes.fromhex("00a4000c02") + MESSAGE_FILE
_STATUS_END_OF_FILE = 0x6282


def select(transmit: Transmit) -> None:
    """Select the NDEF application. What was authenticated before is no longer.

    Raises:
        CardRefusedError: The card has none.
    """
    transmit(_SELECT_APPLICATION).expect_ok("SELECT the NDEF application")


def read_address(transmit: Transmit) -> str:
    """Return the address that the tag writes now: this is a tap. Three commands.

    Raises:
        CardRefusedError: There is none.
        CardTornError: The tag left.
    """
    select(transmit)
    transmit(_SELECT_FILE).expect_ok("SELECT the message")
    answer = transmit(bytes((0x00, 0xB0, 0x00, 0x00, _READ_LENGTH)))
    content = answer.expect_ok("READ the message", _STATUS_END_OF_FILE)
    length = int.from_bytes(content[:_LENGTH_LENGTH], "big")
    message = content[_LENGTH_LENGTH : _LENGTH_LENGTH + length]
    if len(message) != length or len(content) < _LENGTH_LENGTH:
        raise CardRefusedError("a message that ends behind its file")
    try:
        addresses = [uri for record in parse_message(message) if (uri := uri_of(record))]
    except NdefError as error:
        raise CardRefusedError(f"the tag's message: {error}") from error
    if len(addresses) != 1:
        raise CardRefusedError("no address on the tag")
    return addresses[0]


def write_content(transmit: Transmit, content: bytes) -> None:
    """Write the message file from its beginning.

    Raises:
        CardRefusedError: The tag does not let us.
        CardTornError: It left; whether it wrote is unknown.
    """
    assert len(content) < FILE_LENGTH
    select(transmit)
    transmit(_SELECT_FILE).expect_ok("SELECT the message")
    command = bytes((0x00, 0xD6, 0x00, 0x00, len(content))) + content
    transmit(command).expect_ok("WRITE the message")


def content_of(template: Template) -> bytes:
    """Return the content of the message file, zeros where the tag puts something in."""
    message = build_message((uri_record(template.blank),))
    return len(message).to_bytes(_LENGTH_LENGTH, "big") + message


def offset_in_file(template: Template, at: int) -> int:
    """Return where in the message file character ``at`` of the address stands."""
    return len(content_of(template)) - len(template.blank) + at
