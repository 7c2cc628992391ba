"""Makes our wallet on an FM1208 with FMCOS: application, files, keys, and one movement as a proof.

As steps (see :mod:`drivers.cards.steps`): an issue interrupted at any command is begun again. The
application's control key comes before its content, because only it opens files for writing; the
wallet's own keys come last. A TAC key cannot be read back: the card is loaded with one minor unit and
pays it, and the three keys have shown themselves.

A wrong control key costs one of the card's tries, which a right one gives back. The newest is tried first,
then older ones of ours, never at the card's last tries; a card that has no such key yet says so and loses
none.

A wallet with older keys gets the newest by the same steps, and keeps its money: its own keys first, the load
key last of them, since it tells its version, and then the control key that allowed it. Torn in between, it is
made again. Debit and TAC key show themselves at the next purchase: nothing is moved for a proof on a card in
use.

Source: FMCOS 2.0 as programs for the FM1208 use it (CREATE FILE, WRITE KEY, EXTERNAL AUTHENTICATE).
Fudan's manual is not public and there are no vectors: unproven until a real card was seen.
"""

from dataclasses import dataclass
from functools import partial

from drivers.api import CardTornError
from drivers.cards.apdu import exchange, select
from drivers.cards.cpu.wallet import (
    INFO_FILE,
    INFO_LENGTH,
    KEY_INDEX,
    SERIAL_AT,
    SERIAL_LENGTH,
    WALLET_AID,
    Wallet,
    open_wallet,
)
from drivers.cards.crypto import DES_BLOCK, ZERO_DES_IV, des_cbc_encrypt
from drivers.cards.keys import Keys, Purpose, wallet_number
from drivers.cards.purse import TERMINAL_LENGTH, DoubtError, Kind, Movement, PurseState
from drivers.cards.seam import (
    STATUS_OK,
    BadMacError,
    CardRefusedError,
    Response,
    Transmit,
    WrongPinError,
)
from drivers.cards.steps import Step

FACTORY_KEY = b"\xff" * DES_BLOCK
SW_NO_KEY = (0x9403, 0x6A88)
SW_NO_FILE = 0x6A82
TRIES_KEPT = 3
"""With fewer tries left no other control key is tried."""
_TRIES, _TRIES_MASK = 0x63C0, 0xFFF0
_FREE, _CONTROLLED = 0xF0, 0x44
"""Access: always; only after the control key, whose success sets state 4."""
_APPLICATION = bytes.fromhex("3f01")
_PURSE_FILE = 0x02
_FILES = (
    (INFO_FILE, bytes((0x28, 0, INFO_LENGTH, _FREE, _CONTROLLED, 0xFF, 0xFF))),
    (0x18, bytes.fromhex("2e0a17f0efffff")),
    (_PURSE_FILE, bytes.fromhex("2f0208f000ff18")),
)
"""Public information; a cyclic log of ten records of 23 bytes; the purse, which writes that log."""
_WALLET_KEYS = (
    (0x34, 0, Purpose.TRANSACTION),
    (0x3E, KEY_INDEX, Purpose.DEBIT),
    (0x3F, KEY_INDEX, Purpose.CREDIT),
)
"""FMCOS's type of key, its index, and what it is for; the load key last, since it can be asked for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to make of a card."""

    serial: bytes
    """The wallet's number, 10 bytes, never given to another card."""
    when: str
    """The time of issue, ``YYYYMMDDhhmmss``."""

    def __post_init__(self) -> None:
        assert len(self.serial) == SERIAL_LENGTH


def issue(transmit: Transmit, keys: Keys, wanted: Wanted) -> tuple[Step, ...]:
    """Return the steps that make a factory card, or a half-made one, into a wallet.

    Any step may raise what a command may raise, and WrongPinError when the card has another key.
    """
    maker = _Maker(transmit, keys, wanted)
    files = [
        Step(f"file {file:04X}", partial(maker.has_file, file), partial(maker.create, file, shape))
        for file, shape in _FILES
    ]
    return (
        Step("application", maker.has_application, maker.create_application),
        Step("key file", maker.has_key_file, maker.create_key_file),
        *files,
        Step("control key", maker.has_control, maker.write_control),
        Step("serial number", maker.has_serial, maker.write_serial),
        Step("wallet keys", maker.has_wallet_keys, maker.write_wallet_keys),
        Step("newest control key", maker.has_newest_control, maker.renew_control),
        Step("proof", maker.has_moved, maker.move),
    )


class _Maker:
    """Does the steps. Each begins with a selection of its own."""

    def __init__(self, transmit: Transmit, keys: Keys, wanted: Wanted) -> None:
        self._transmit = transmit
        self._keys = keys
        self._version = keys.versions[0]
        self._controls = keys.versions
        """Versions that the card's control key may be of, the likeliest first."""
        self._wanted = wanted

    def has_application(self) -> bool:
        return _found(exchange(self._transmit, select(WALLET_AID)), "SELECT wallet")

    def create_application(self) -> None:
        self._send("00a40000", bytes.fromhex("3f00")).expect_ok("SELECT MF")
        self._authenticate(0, FACTORY_KEY)
        space = bytes.fromhex("036f")
        shape = b"\x38" + space + bytes((_FREE, _FREE, 0x95, 0xFF, 0xFF)) + WALLET_AID
        self._create(_APPLICATION, shape)

    def has_key_file(self) -> bool:
        # The key file cannot be selected; a card without it has no place for a control key.
        return self.has_application() and self._control() is not None

    def create_key_file(self) -> None:
        self._select()
        self._create(b"\0\0", bytes.fromhex("3f018f95f0ffff"))

    def has_file(self, file: int) -> bool:
        if not self.has_application():
            return False
        return _found(self._send("00a40000", file.to_bytes(2, "big")), "SELECT file")

    def create(self, file: int, shape: bytes) -> None:
        self._select()
        self._create(file.to_bytes(2, "big"), shape)

    def has_control(self) -> bool:
        return self.has_application() and self._control() is True

    def write_control(self) -> None:
        self._select()
        rights = bytes((0x39, _FREE, _CONTROLLED, 0x44, 0xFF))
        self._write_key(0, rights + self._key(Purpose.MASTER))

    def has_newest_control(self) -> bool:
        return self.has_control() and self._controls[0] == self._version

    def renew_control(self) -> None:
        self._open()
        rights = bytes((0x39, _FREE, _CONTROLLED, 0x44, 0xFF))
        self._write_key(0, rights + self._key(Purpose.MASTER))
        self._controls = tuple(dict.fromkeys((self._version, *self._controls)))

    def has_serial(self) -> bool:
        if not self.has_application():
            return False
        info = bytes((0x00, 0xB0, 0x80 | INFO_FILE, 0x00, INFO_LENGTH))
        answer = exchange(self._transmit, info)
        if answer.status == SW_NO_FILE:
            return False
        return answer.expect_ok("READ BINARY") == self._info()

    def write_serial(self) -> None:
        self._open()
        head = f"00d6{0x80 | INFO_FILE:02x}00"
        self._send(head, self._info(), None).expect_ok("UPDATE BINARY")

    def has_wallet_keys(self) -> bool:
        state = self._state()
        return state is not None and state.key_version == self._version

    def write_wallet_keys(self) -> None:
        self._open()
        for kind, index, purpose in _WALLET_KEYS:
            rights = bytes((kind, _FREE, _CONTROLLED, self._version, 0))
            self._write_key(index, rights + self._key(purpose))

    def has_moved(self) -> bool:
        state = self._state()
        if state is None or not state.counter:
            return False
        # After its first load a card in use has been loaded again; what is on it is its owner's.
        return state.counter > 1 or not self._wallet().balance()

    def move(self) -> None:
        try:
            self._move()
        except DoubtError as error:
            # No money of anybody's is in doubt: the step is begun again and reads the counters.
            raise CardTornError(str(error)) from error

    def _move(self) -> None:
        wallet = self._wallet()
        if not wallet.balance():
            wallet.prepare(self._movement(Kind.TOP_UP))
            wallet.move(self._movement(Kind.TOP_UP))
        wallet.prepare(self._movement(Kind.DEBIT))
        wallet.move(self._movement(Kind.DEBIT))

    def _state(self) -> PurseState | None:
        """Return what the wallet says, shown with the load key; None without one."""
        if not self.has_serial():
            return None
        try:
            return self._wallet().prepare(self._movement(Kind.TOP_UP))
        except CardRefusedError as error:
            if error.status not in SW_NO_KEY:
                raise
            return None

    def _wallet(self) -> Wallet:
        return open_wallet(self._transmit, self._keys)

    def _movement(self, kind: Kind) -> Movement:
        return Movement(kind, 1, bytes(TERMINAL_LENGTH), 0, self._wanted.when)

    def _info(self) -> bytes:
        serial = self._wanted.serial
        return (bytes(SERIAL_AT) + serial).ljust(INFO_LENGTH, b"\0")

    def _control(self) -> bool | None:
        """Return whether a control key of ours is there; None while there is not even a key file."""
        try:
            self._unlock()
        except CardRefusedError as error:
            if error.status in SW_NO_KEY:
                return False
            if error.status == SW_NO_FILE:
                return None
            raise
        return True

    def _open(self) -> None:
        self._select()
        self._unlock()

    def _unlock(self) -> None:
        """Show the control key, of whichever version it is.

        Raises:
            WrongPinError: It is none of ours, or the card has too few tries left to look further.
        """
        for version in self._controls:
            try:
                self._authenticate(0, self._key(Purpose.MASTER, version))
            except WrongPinError as error:
                if error.tries_left < TRIES_KEPT or version == self._controls[-1]:
                    raise
                continue
            self._controls = tuple(dict.fromkeys((version, *self._controls)))
            return

    def _select(self) -> None:
        exchange(self._transmit, select(WALLET_AID)).expect_ok("SELECT wallet")

    def _authenticate(self, number: int, key: bytes) -> None:
        drawn = exchange(self._transmit, bytes.fromhex("0084000008")).expect_ok("GET CHALLENGE")
        if len(drawn) != DES_BLOCK:
            raise BadMacError(f"GET CHALLENGE: {len(drawn)} bytes")
        shown = des_cbc_encrypt(key, ZERO_DES_IV, drawn)
        answer = self._send(f"008200{number:02x}", shown, None)
        if answer.status & _TRIES_MASK == _TRIES:
            tries = answer.status & ~_TRIES_MASK
            raise WrongPinError("EXTERNAL AUTHENTICATE", answer.status, tries)
        answer.expect_ok("EXTERNAL AUTHENTICATE")

    def _write_key(self, index: int, content: bytes) -> None:
        self._send(f"80d401{index:02x}", content, None).expect_ok("WRITE KEY")

    def _create(self, file: bytes, shape: bytes) -> None:
        self._send("80e0" + file.hex(), shape, None).expect_ok("CREATE FILE")

    def _key(self, purpose: Purpose, version: int | None = None) -> bytes:
        number = wallet_number(self._wanted.serial)
        return self._keys.des_key(purpose, version or self._version, number)

    def _send(self, header: str, body: bytes, length: int | None = 0) -> Response:
        command = bytes.fromhex(header) + bytes((len(body),)) + body
        return exchange(self._transmit, command if length is None else command + bytes((length,)))


def _found(answer: Response, doing: str) -> bool:
    if answer.status not in (STATUS_OK, SW_NO_FILE):
        raise CardRefusedError(doing, answer.status)
    return answer.status == STATUS_OK
