"""A PBOC-like wallet: initialise, debit with MAC1, keep the TAC, ask for the proof of a torn debit.

A purchase takes five commands: UID, select, serial number, INITIALIZE, DEBIT. The card writes the
record itself, in the same step as the balance, and counts purchases and loads apart. On contact
readers, where there is no UID, they are four.

Source: JR/T 0025.1 (PBOC electronic purse): INITIALIZE FOR PURCHASE and LOAD, DEBIT FOR PURCHASE,
CREDIT FOR LOAD, GET TRANSACTION PROVE, files 0015 and 0018; ISO/IEC 7816-4 for the rest. That the
proof is asked for by the counter *after* the transaction is what field programs for such cards do.
The balance that INITIALIZE tells before a purchase is under no MAC: it is for the display and for a
first look at whether there is enough, and no book counts with it. Counter and amount are proven.
Unproven until a real card was seen.
"""

from drivers.api import CardTornError
from drivers.cards.apdu import exchange, select
from drivers.cards.cpu import macs
from drivers.cards.cpu.log import LOG_FILE, LOG_LENGTH, LOG_MAX, LogRecord
from drivers.cards.cpu.macs import Initialised
from drivers.cards.crypto import is_equal
from drivers.cards.keys import Keys, Purpose, UnknownVersionError, wallet_number
from drivers.cards.purse import (
    AMOUNT_MAX,
    DoubtError,
    Evidence,
    Kind,
    Movement,
    Outcome,
    PurseState,
    Record,
    RolledBackError,
    Settlement,
)
from drivers.cards.seam import STATUS_OK, BadMacError, CardRefusedError, Response, Transmit

WALLET_AID = bytes.fromhex("f054414c4c5902")
"""Name of our wallet: F0 (unregistered), "TALLY", version 02. Other issuers' wallets have others."""
INFO_FILE = 0x15
INFO_LENGTH = 30
SERIAL_AT, SERIAL_LENGTH = 10, 10
KEY_INDEX = 1
COUNTER_MAX = 0xFFFF
SW_NO_PROOF = 0x9406
SW_NO_RECORD = 0x6A83
SW_TOO_LITTLE = 0x9401
BALANCE_LENGTH = 4
_PROOF_LENGTH = 2 * macs.MAC_LENGTH


class Wallet:
    """A selected wallet whose serial number is known."""

    def __init__(self, transmit: Transmit, keys: Keys, serial: bytes) -> None:
        self._transmit = transmit
        self._keys = keys
        self.serial = serial
        self._number = wallet_number(serial)
        self._prepared: Initialised | None = None

    @property
    def number(self) -> str:
        """Return the member's card number: the serial number without the zeros before it."""
        return self.serial.hex().lstrip("0").upper()

    def prepare(self, movement: Movement) -> PurseState:
        """INITIALIZE the movement; see :class:`~drivers.cards.purse.OpenPurse`.

        Raises:
            UnknownVersionError: The card's key is of a version without a master here.
            BadMacError: The card cannot show the MAC of a load.
            CardRefusedError: 9401 means not enough money.
        """
        is_load = movement.kind.is_credit
        body = bytes((KEY_INDEX,)) + movement.amount.to_bytes(4, "big") + movement.terminal
        length = macs.LOAD_LENGTH if is_load else macs.PURCHASE_LENGTH
        command = b"\x80\x50" + (b"\x00\x02" if is_load else b"\x01\x02")
        raw = self._send(command, body, length).expect_ok("INITIALIZE")
        said = Initialised.parse_load(raw) if is_load else Initialised.parse_purchase(raw)
        if said.key_version not in self._keys.versions:
            raise UnknownVersionError("INITIALIZE", said.key_version)
        if said.balance > AMOUNT_MAX or said.counter >= COUNTER_MAX:
            raise CardRefusedError("INITIALIZE: a balance or counter at its end")
        if is_load:
            shown = macs.load_mac1(self._session(said, movement), said.balance, movement)
            _check(shown, said.mac1, "INITIALIZE FOR LOAD")
        self._prepared = said
        return PurseState(self.serial, said.counter, said.balance, said.key_version)

    def move(self, movement: Movement) -> Evidence:
        """Debit or load what was prepared; see :class:`~drivers.cards.purse.OpenPurse`."""
        said, self._prepared = self._prepared, None
        assert said is not None, "a movement is prepared before it is made"
        try:
            if movement.kind.is_credit:
                return self._load(said, movement)
            return self._debit(said, movement)
        except (CardTornError, CardRefusedError, BadMacError) as error:
            raise DoubtError(error) from error

    def settle(self, movement: Movement, before: int) -> Settlement:
        """Return what became of a movement; see :class:`~drivers.cards.purse.OpenPurse`.

        Only a TAC of the card's latest transaction proves that it happened.
        """
        tac = self.prove(movement.kind, before + 1)
        if tac is not None and self._is_of(tac, movement, before):
            record = Record(
                movement.kind, before + 1, movement.amount, movement.terminal, None, None
            )
            return Settlement(Outcome.HAPPENED, record, tac)
        try:
            now = self.prepare(movement).counter
        except CardRefusedError as error:
            if error.status != SW_TOO_LITTLE:
                raise
            # It was prepared with enough money once: the card was used since.
            return self._in_log(movement, before)
        if now < before:
            raise RolledBackError("the card's counter has gone back")
        if now == before:
            return Settlement(Outcome.DID_NOT, None, b"")
        return self._in_log(movement, before)

    def balance(self) -> int:
        """Return the balance; without a MAC, so a hint for the display.

        Raises:
            CardTornError, CardRefusedError: As of any command.
        """
        raw = exchange(self._transmit, bytes.fromhex("805c000204")).expect_ok("GET BALANCE")
        if len(raw) != BALANCE_LENGTH or int.from_bytes(raw, "big") > AMOUNT_MAX:
            raise CardRefusedError(f"GET BALANCE: {len(raw)} bytes that are no balance")
        return int.from_bytes(raw, "big")

    def log(self) -> tuple[LogRecord, ...]:
        """Return the card's own log, newest first. It carries no MAC: a hint, or for want of more."""
        entries: list[LogRecord] = []
        for number in range(1, LOG_MAX + 1):
            command = bytes((0x00, 0xB2, number, LOG_FILE << 3 | 4, LOG_LENGTH))
            answer = exchange(self._transmit, command)
            if answer.status == SW_NO_RECORD:
                break
            entry = LogRecord.parse(answer.expect_ok("READ RECORD"))
            if entry is not None:
                entries.append(entry)
        return tuple(entries)

    def prove(self, kind: Kind, counter: int) -> bytes | None:
        """Return the TAC of the latest transaction, if ``counter`` is its; None if it is not.

        Raises:
            CardTornError, CardRefusedError: As of any command.
        """
        type_ = macs.TYPE_LOAD if kind.is_credit else macs.TYPE_PURCHASE
        command = b"\x80\x5a\x00" + type_
        answer = self._send(command, counter.to_bytes(2, "big"), _PROOF_LENGTH)
        if answer.status == SW_NO_PROOF:
            return None
        proof = answer.expect_ok("GET TRANSACTION PROVE")
        if len(proof) != _PROOF_LENGTH:
            raise CardRefusedError(f"GET TRANSACTION PROVE: {len(proof)} bytes")
        return proof[macs.MAC_LENGTH :]

    def _debit(self, said: Initialised, movement: Movement) -> Evidence:
        session = self._session(said, movement)
        body = movement.sequence.to_bytes(4, "big") + bytes.fromhex(movement.when)
        body += macs.till_mac(session, movement)
        answer = self._send(b"\x80\x54\x01\x00", body, _PROOF_LENGTH).expect_ok("DEBIT")
        if len(answer) != _PROOF_LENGTH:
            raise BadMacError(f"DEBIT: {len(answer)} bytes where TAC and MAC2 must be")
        tac, mac2 = answer[: macs.MAC_LENGTH], answer[macs.MAC_LENGTH :]
        _check(macs.purchase_mac2(session, movement.amount), mac2, "DEBIT")
        return Evidence(said.counter + 1, said.balance - movement.amount, tac, body)

    def _load(self, said: Initialised, movement: Movement) -> Evidence:
        when = bytes.fromhex(movement.when)
        body = when + macs.till_mac(self._session(said, movement), movement)
        tac = self._send(b"\x80\x52\x00\x00", body, macs.MAC_LENGTH).expect_ok("CREDIT FOR LOAD")
        balance = said.balance + movement.amount
        key = self._key(Purpose.TRANSACTION, said.key_version)
        _check(macs.load_tac(key, movement, balance, said.counter), tac, "CREDIT FOR LOAD")
        return Evidence(said.counter + 1, balance, tac, body)

    def _is_of(self, tac: bytes, movement: Movement, before: int) -> bool:
        """Return whether ``tac`` is the card's signature under this movement."""
        balance = self.balance() if movement.kind.is_credit else 0
        for version in self._keys.versions:
            key = self._key(Purpose.TRANSACTION, version)
            if movement.kind.is_credit:
                due = macs.load_tac(key, movement, balance, before)
            else:
                due = macs.purchase_tac(key, movement)
            if is_equal(due, tac):
                return True
        return False

    def _in_log(self, movement: Movement, before: int) -> Settlement:
        entries = self.log()
        for entry in entries:
            if entry.is_of(movement):
                return Settlement(Outcome.UNPROVEN, entry.record, b"")
        same = [e for e in entries if e.record.kind.is_credit == movement.kind.is_credit]
        # An older entry of this kind is still there, so a newer one would be as well.
        if any(entry.record.counter < before for entry in same):
            return Settlement(Outcome.DID_NOT, None, b"")
        return Settlement(Outcome.UNPROVEN, None, b"")

    def _session(self, said: Initialised, movement: Movement) -> bytes:
        if movement.kind.is_credit:
            return macs.load_key(self._key(Purpose.CREDIT, said.key_version), said)
        key = self._key(Purpose.DEBIT, said.key_version)
        return macs.purchase_key(key, said, movement.sequence)

    def _key(self, purpose: Purpose, version: int) -> bytes:
        return self._keys.des_key(purpose, version, self._number)

    def _send(self, header: bytes, body: bytes, length: int) -> Response:
        return exchange(self._transmit, header + bytes((len(body),)) + body + bytes((length,)))


def open_wallet(transmit: Transmit, keys: Keys, aid: bytes = WALLET_AID) -> Wallet:
    """Return the wallet of the card at the other end, in two commands.

    Raises:
        CardTornError: The card left.
        CardRefusedError: It has no such wallet, or its file 0015 is none.
    """
    chosen = exchange(transmit, select(aid))
    if chosen.status != STATUS_OK:
        raise CardRefusedError("SELECT wallet", chosen.status)
    command = bytes((0x00, 0xB0, 0x80 | INFO_FILE, 0x00, INFO_LENGTH))
    info = exchange(transmit, command).expect_ok("READ BINARY")
    if len(info) != INFO_LENGTH:
        raise CardRefusedError(f"READ BINARY: {len(info)} bytes of file 0015")
    return Wallet(transmit, keys, info[SERIAL_AT : SERIAL_AT + SERIAL_LENGTH])


def _check(due: bytes, shown: bytes, doing: str) -> None:
    if not is_equal(due, shown):
        raise BadMacError(f"{doing}: a wrong or missing MAC")
