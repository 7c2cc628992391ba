"""Mutual authentication: each side shows that it knows the key, and both get session keys.

A card that answers the last step wrongly does not know the key: it is refused before anything that
it says is believed.

Sources: AN12343 7.1 (EV2 First and NonFirst), AN12196 6.6; published EV1 AES traces; the recorded
EV3 session for DES.
"""

from drivers.cards.crypto import (
    AES_BLOCK,
    DES_BLOCK,
    ZERO_IV,
    aes_cbc_decrypt,
    aes_cbc_encrypt,
    is_equal,
)
from drivers.cards.desfire.codes import Command, Status, refused
from drivers.cards.desfire.ev2 import TRANSACTION_ID_LENGTH, Ev2Channel, session_keys
from drivers.cards.desfire.frames import one_frame
from drivers.cards.desfire.legacy import AES, DES, Cipher, LegacyChannel
from drivers.cards.keys import WrongKeyError
from drivers.cards.seam import BadMacError, CardRefusedError, Draw, Transmit

_CAPABILITIES = b"\x00"
"""Length of the reader's capabilities in AuthenticateEV2First: none told."""
_EV2_PROOF_LENGTH = 32
_DOING = "authenticate"


def authenticate_aes(transmit: Transmit, draw: Draw, number: int, key: bytes) -> LegacyChannel:
    """Return an EV1 session with AES key ``number``.

    Raises:
        WrongKeyError: The card has another key there.
        BadMacError: The card does not know the key itself.
        CardRefusedError, CardTornError: As of any command.
    """
    drawn, answered = _shake(transmit, draw, (Command.AUTHENTICATE_AES, number), key, AES)
    return LegacyChannel(drawn[:4] + answered[:4] + drawn[12:] + answered[12:], AES)


def authenticate_des(transmit: Transmit, draw: Draw, number: int, key: bytes) -> LegacyChannel:
    """Return an EV1 session with a DES key of 16 bytes: the card as it comes from the factory.

    Raises:
        WrongKeyError, BadMacError, CardRefusedError, CardTornError: As :func:`authenticate_aes`.
    """
    assert len(key) == 2 * DES_BLOCK
    drawn, answered = _shake(transmit, draw, (Command.AUTHENTICATE_ISO, number), key, DES)
    first = drawn[:4] + answered[:4]
    # Two equal halves are single DES, and the session's key is then one half as well.
    is_single = key[:DES_BLOCK] == key[DES_BLOCK:]
    return LegacyChannel(first if is_single else first + drawn[4:] + answered[4:], DES)


def authenticate_ev2(transmit: Transmit, draw: Draw, number: int, key: bytes) -> Ev2Channel:
    """Return a fresh EV2 session with AES key ``number`` (AuthenticateEV2First).

    Raises:
        WrongKeyError, BadMacError, CardRefusedError, CardTornError: As :func:`authenticate_aes`.
    """
    start = bytes((number,)) + _CAPABILITIES
    drawn, answered, proof = _shake_ev2(transmit, draw, Command.AUTHENTICATE_EV2_FIRST, start, key)
    if len(proof) != _EV2_PROOF_LENGTH:
        raise BadMacError(f"{_DOING}: a proof of {len(proof)} bytes")
    plain = aes_cbc_decrypt(key, ZERO_IV, proof)
    transaction = plain[:TRANSACTION_ID_LENGTH]
    _check(plain[TRANSACTION_ID_LENGTH:][:AES_BLOCK], drawn)
    return Ev2Channel(*session_keys(key, drawn, answered), transaction)


def authenticate_ev2_again(
    transmit: Transmit, draw: Draw, number: int, key: bytes, before: Ev2Channel
) -> Ev2Channel:
    """Return a session with another key in the same transaction (AuthenticateEV2NonFirst).

    Raises:
        WrongKeyError, BadMacError, CardRefusedError, CardTornError: As :func:`authenticate_aes`.
    """
    start = bytes((number,))
    command = Command.AUTHENTICATE_EV2_NON_FIRST
    drawn, answered, proof = _shake_ev2(transmit, draw, command, start, key)
    if len(proof) != AES_BLOCK:
        raise BadMacError(f"{_DOING}: a proof of {len(proof)} bytes")
    _check(aes_cbc_decrypt(key, ZERO_IV, proof), drawn)
    return Ev2Channel(*session_keys(key, drawn, answered), before.transaction, before.counter)


def _shake(
    transmit: Transmit, draw: Draw, start: tuple[int, int], key: bytes, cipher: Cipher
) -> tuple[bytes, bytes]:
    """Return both random numbers; each message is chained to the one before it."""
    command, number = start
    challenge = _challenge(transmit, command, bytes((number,)), cipher.block)
    answered = cipher.decrypt(key, bytes(cipher.block), challenge)
    drawn = draw(cipher.block)
    token = cipher.encrypt(key, challenge, drawn + _turned(answered))
    proof = _prove(transmit, token)
    if len(proof) != cipher.block:
        raise BadMacError(f"{_DOING}: a proof of {len(proof)} bytes")
    _check(cipher.decrypt(key, token[-cipher.block :], proof), drawn)
    return drawn, answered


def _shake_ev2(
    transmit: Transmit, draw: Draw, command: int, start: bytes, key: bytes
) -> tuple[bytes, bytes, bytes]:
    """Return both random numbers and the card's proof, unchecked; every message starts afresh."""
    challenge = _challenge(transmit, command, start, AES_BLOCK)
    answered = aes_cbc_decrypt(key, ZERO_IV, challenge)
    drawn = draw(AES_BLOCK)
    token = aes_cbc_encrypt(key, ZERO_IV, drawn + _turned(answered))
    return drawn, answered, _prove(transmit, token)


def _challenge(transmit: Transmit, command: int, start: bytes, length: int) -> bytes:
    answer = one_frame(transmit, command, start, _DOING)
    if answer.status != Status.MORE:
        raise CardRefusedError(_DOING, refused(answer.status))
    if len(answer.data) != length:
        raise CardRefusedError(f"{_DOING}: a challenge of {len(answer.data)} bytes")
    return answer.data


def _prove(transmit: Transmit, token: bytes) -> bytes:
    answer = one_frame(transmit, Command.MORE, token, _DOING)
    if answer.status == Status.WRONG_KEY:
        raise WrongKeyError(_DOING, refused(answer.status))
    if answer.status != Status.OK:
        raise CardRefusedError(_DOING, refused(answer.status))
    return answer.data


def _check(shown: bytes, drawn: bytes) -> None:
    if not is_equal(shown, _turned(drawn)):
        raise BadMacError(f"{_DOING}: the card does not know the key")


def _turned(drawn: bytes) -> bytes:
    return drawn[1:] + drawn[:1]
