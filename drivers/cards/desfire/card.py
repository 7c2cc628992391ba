"""A DESFire card at the other end of a transmit: its commands, and the session that protects them.

With a session every answer is checked before it is believed; an EV2 answer in PLAIN mode carries no
protection by its nature and is only asked for where the caller says PLAIN. A refused command ends
the session, as it does on the card.
"""

from dataclasses import dataclass

from drivers.cards.crypto import crc32, xor
from drivers.cards.desfire import sessions
from drivers.cards.desfire.channel import Channel
from drivers.cards.desfire.codes import Command, Mode, Status, refused
from drivers.cards.desfire.ev2 import Ev2Channel
from drivers.cards.desfire.frames import exchange
from drivers.cards.desfire.settings import FileSettings, Version
from drivers.cards.seam import BadMacError, CardRefusedError, Draw, Transmit

AID_LENGTH = 3
KEY_NUMBER_MASK = 0x0F
AES_KEYS = 0x80
"""Added to a number of keys, or to a card's own key number: they are AES keys."""
_UID_LENGTH = 7


@dataclass(frozen=True, slots=True)
class Saying:
    """How one command travels and what its answer is."""

    sends: Mode = Mode.MAC
    answers: Mode = Mode.MAC
    length: int = 0
    """Bytes of data in a FULL answer."""
    extra: bytes = b""


MACED = Saying()


class Card:
    """One DESFire card. Not before :meth:`begin` is there anything but plain messaging."""

    def __init__(self, transmit: Transmit, draw: Draw) -> None:
        self._transmit = transmit
        self._draw = draw
        self._channel: Channel | None = None
        self._key_number = -1

    @property
    def is_ev2(self) -> bool:
        """Return whether the session is one of EV2 messaging."""
        return isinstance(self._channel, Ev2Channel)

    def call(
        self, command: Command, header: bytes = b"", data: bytes = b"", how: Saying = MACED
    ) -> bytes:
        """Send one command and return what its answer holds.

        Raises:
            CardTornError: The card left; whether it obeyed is unknown.
            CardRefusedError: It refused.
            BadMacError: What it said cannot be believed.
        """
        doing = command.name.replace("_", " ")
        # Whatever goes wrong, the session is over: its count is no longer the card's.
        channel, self._channel = self._channel, None
        if channel is None:
            sealed = header + data
        else:
            sealed = channel.seal(command, header, data, how.sends, how.extra)
        answer = exchange(self._transmit, command, sealed, doing)
        if answer.status != Status.OK:
            raise CardRefusedError(doing, refused(answer.status))
        if channel is None:
            return answer.data
        try:
            said = channel.open(answer.data, how.answers, how.length)
        except BadMacError as error:
            raise BadMacError(f"{doing}: {error}") from error
        self._channel = channel
        return said

    def begin_ev2(self, number: int, key: bytes) -> None:
        """Open an EV2 session with application key ``number``."""
        self._channel, self._key_number = None, number
        self._channel = sessions.authenticate_ev2(self._transmit, self._draw, number, key)

    def begin_ev2_again(self, number: int, key: bytes) -> None:
        """Go on with another key in the same EV2 session."""
        before, self._channel, self._key_number = self._channel, None, number
        assert isinstance(before, Ev2Channel)
        self._channel = sessions.authenticate_ev2_again(
            self._transmit, self._draw, number, key, before
        )

    def begin_ev1(self, number: int, key: bytes) -> None:
        """Open an EV1 session with AES key ``number``."""
        self._channel, self._key_number = None, number
        self._channel = sessions.authenticate_aes(self._transmit, self._draw, number, key)

    def begin_des(self, number: int, key: bytes) -> None:
        """Open an EV1 session with a DES key: a card from the factory has no other."""
        self._channel, self._key_number = None, number
        self._channel = sessions.authenticate_des(self._transmit, self._draw, number, key)

    def version(self) -> Version:
        """Return what the card says of its make; unauthenticated, so a hint and no proof."""
        self._channel = None
        return Version.parse(self.call(Command.GET_VERSION))

    def uid(self) -> bytes:
        """Return the card's real UID, which a card with a random one keeps for a session."""
        how = Saying(answers=Mode.FULL, length=_UID_LENGTH)
        return self.call(Command.GET_CARD_UID, how=how)

    def select(self, aid: bytes) -> None:
        """Select an application; three zero bytes are the card itself. Ends any session."""
        assert len(aid) == AID_LENGTH
        self._channel = None
        self.call(Command.SELECT_APPLICATION, aid)

    def applications(self) -> tuple[bytes, ...]:
        """Return the applications there are."""
        listed = self.call(Command.GET_APPLICATIONS)
        return tuple(listed[at : at + AID_LENGTH] for at in range(0, len(listed), AID_LENGTH))

    def create_application(self, aid: bytes, settings: int, keys: int) -> None:
        """Create an application with so many AES keys, all of zeros."""
        self.call(Command.CREATE_APPLICATION, aid + bytes((settings, AES_KEYS | keys)))

    def delete_application(self, aid: bytes) -> None:
        """Delete an application and all that is in it."""
        self.call(Command.DELETE_APPLICATION, aid)

    def key_settings(self) -> bytes:
        """Return what may be done with the master key, and how many keys there are."""
        return self.call(Command.GET_KEY_SETTINGS)

    def change_key_settings(self, settings: int) -> None:
        """Change what may be done with the master key."""
        how = Saying(sends=Mode.FULL)
        self.call(Command.CHANGE_KEY_SETTINGS, b"", bytes((settings,)), how)

    def key_version(self, number: int) -> int:
        """Return the version of key ``number``."""
        answer = self.call(Command.GET_KEY_VERSION, bytes((number,)))
        if len(answer) != 1:
            raise CardRefusedError(f"GET KEY VERSION: {len(answer)} bytes")
        return answer[0]

    def change_key(self, number: int, old: bytes, new: bytes, version: int) -> None:
        """Change another key than the session's.

        ``old`` must be what the card has there; the card checks it without being told.
        """
        assert number & KEY_NUMBER_MASK != self._key_number
        data = xor(old, new) + bytes((version,))
        how = Saying(sends=Mode.FULL, extra=crc32(new))
        self.call(Command.CHANGE_KEY, bytes((number,)), data, how)

    def change_own_key(self, new: bytes, version: int, flag: int = 0) -> None:
        """Change the session's own key, which ends the session; the answer proves nothing.

        The caller authenticates with the new key, and so learns whether it is there. ``flag`` is
        ``AES_KEYS`` when the card's own master key is to become an AES key.
        """
        assert self._channel is not None
        number, data = bytes((self._key_number | flag,)), new + bytes((version,))
        sealed = self._channel.seal(Command.CHANGE_KEY, number, data, Mode.FULL, b"")
        self._channel = None
        answer = exchange(self._transmit, Command.CHANGE_KEY, sealed, "CHANGE KEY")
        if answer.status != Status.OK:
            raise CardRefusedError("CHANGE KEY", refused(answer.status))

    def files(self) -> bytes:
        """Return the numbers of the application's files."""
        return self.call(Command.GET_FILES)

    def file_settings(self, number: int) -> FileSettings:
        """Return what kind of file there is and who may do what with it."""
        return FileSettings.parse(self.call(Command.GET_FILE_SETTINGS, bytes((number,))))
