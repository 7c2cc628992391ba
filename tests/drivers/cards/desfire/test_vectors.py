"""Every published vector of DESFire messaging, by its name in the table beside these tests."""

import json
from pathlib import Path
from typing import Any

import pytest

from drivers.cards.crypto import aes_cbc_decrypt, aes_cmac, crc32
from drivers.cards.desfire import ev2, tmac
from drivers.cards.desfire.codes import Command, Mode
from drivers.cards.desfire.ev2 import Ev2Channel
from drivers.cards.desfire.legacy import AES, LegacyChannel
from drivers.cards.desfire.sessions import authenticate_aes, authenticate_ev2
from drivers.cards.keys import cmac_subkeys, diversify_aes
from drivers.cards.seam import Response
from tests.cards.sim.ciphers import Block

TABLE = json.loads((Path(__file__).parents[1] / "vectors" / "desfire.json").read_text())
VECTORS = {vector["name"]: vector for vector in TABLE["vectors"]}


def hexed(value: Any) -> Any:
    try:
        return bytes.fromhex(value)
    except (TypeError, ValueError):
        return value


def of(name: str) -> dict[str, Any]:
    """The inputs and expected values of a vector, hex as bytes."""
    vector = VECTORS[name]
    return {key: hexed(value) for key, value in (vector["inputs"] | vector["expected"]).items()}


def named(start: str) -> list[str]:
    return [name for name in VECTORS if name.startswith(start)]


class Script:
    """A card that answers from a list, and remembers what it was told."""

    def __init__(self, *answers: bytes):
        self.answers = list(answers)
        self.heard: list[bytes] = []

    def __call__(self, command: bytes) -> Response:
        self.heard.append(command[5:-1])
        return Response.parse(self.answers.pop(0))


def ev2_channel(values: dict[str, Any], counter: int) -> Ev2Channel:
    zero = bytes(16)
    enc, mac = values.get("k_ses_enc", zero), values.get("k_ses_mac", zero)
    return Ev2Channel(enc, mac, values["ti"], counter)


@pytest.mark.parametrize("name", named("aes_cmac_rfc4493"))
def test_rfc4493(name):
    values = of(name)
    assert aes_cmac(values["key"], values["message"]) == values["cmac"]
    assert Block(values["key"]).cmac(values["message"]) == values["cmac"]


def test_cmac_subkeys_an10922_key():
    values = of("cmac_subkeys_an10922_key")
    assert cmac_subkeys(values["key"]) == (values["k1"], values["k2"])


@pytest.mark.parametrize("name", named("an10922_aes128"))
def test_an10922(name):
    values = of(name)
    assert diversify_aes(values["master_key"], values["div_input"]) == values["diversified_key"]


def test_ev2_auth_first_an12196_6_6():
    values = of("ev2_auth_first_an12196_6_6")
    card = Script(values["card_resp1"] + b"\x91\xaf", values["card_resp2"] + b"\x91\x00")
    channel = authenticate_ev2(card, lambda _: values["rnd_a"], 0, values["key"])
    assert card.heard == [b"\0\0", values["token"]]
    assert channel.transaction == values["ti"]
    assert (channel._encrypt, channel._mac_key) == (values["k_ses_enc"], values["k_ses_mac"])


def test_ev2_session_keys_an12343():
    values = of("ev2_session_keys_an12343")
    keys = ev2.session_keys(values["key"], values["rnd_a"], values["rnd_b"])
    assert keys == (values["k_ses_enc"], values["k_ses_mac"])


def test_ev2_iv_cmd_ctr0():
    values = of("ev2_iv_cmd_ctr0")
    assert ev2_channel(values, values["ctr"])._vector(b"\xa5\x5a") == values["iv"]


def test_ev2_mac_an12343_tx_writedata():
    values = of("ev2_mac_an12343_tx_writedata")
    sealed = ev2_channel(values, 0).seal(0x8D, values["data"], b"", Mode.MAC, b"")
    assert sealed == values["data"] + values["mact"]


def test_ev2_mac_an12343_rx_writedata():
    values = of("ev2_mac_an12343_rx_writedata")
    assert ev2_channel(values, 0).open(values["mact"], Mode.MAC, 0) == b""


def test_ev2_mac_mode_getfilesettings_an12196_5_3():
    values = of("ev2_mac_mode_getfilesettings_an12196_5_3")
    channel = ev2_channel(values, 0)
    assert channel.seal(0xF5, b"\2", b"", Mode.MAC, b"") == values["apdu"][5:-1]
    answer = values["resp_data"]
    assert channel.open(answer + values["resp_mac"], Mode.MAC, 0) == answer


def test_ev2_full_writedata_an12196_6_12():
    values = of("ev2_full_writedata_an12196_6_12")
    channel = ev2_channel(values, 0)
    sealed = channel.seal(0x8D, values["header"], values["data"], Mode.FULL, b"")
    assert sealed == values["apdu"][5:-1]
    assert channel.open(values["resp_mac"], Mode.MAC, 0) == b""


def test_ev2_full_getcarduid_an12196_7_3():
    values = of("ev2_full_getcarduid_an12196_7_3")
    channel = ev2_channel(values, 0)
    assert channel.seal(0x51, b"", b"", Mode.MAC, b"") == values["apdu"][5:-1]
    padded = values["resp_plain"]
    cipher = Block(values["k_ses_enc"])
    channel.counter = 1
    vector = channel._vector(b"\x5a\xa5")
    channel.counter = 0
    answer = cipher.encrypt(vector, padded) + values["resp_mac"]
    assert channel.open(answer, Mode.FULL, 7) == padded[:7]


def test_ev2_value_debit_full_ctr5():
    values = of("ev2_value_debit_full_ctr5")
    channel = ev2_channel(values, 5)
    assert channel._vector(b"\xa5\x5a") == values["iv"]
    data = values["amount"].to_bytes(4, "little")
    sealed = channel.seal(Command.DEBIT, bytes((values["file_no"],)), data, Mode.FULL, b"")
    assert sealed == b"\x02" + values["ciphertext"] + values["mact"]


def test_ev2_value_getvalue_full_ctr1():
    values = of("ev2_value_getvalue_full_ctr1")
    channel = ev2_channel(values, 1)
    sealed = channel.seal(Command.GET_VALUE, b"\x02", b"", Mode.MAC, b"")
    assert sealed == b"\x02" + values["cmd_mact"]
    answer = channel.open(values["resp_ciphertext"] + values["resp_mact"], Mode.FULL, 4)
    assert channel._vector(b"\x5a\xa5") == values["resp_iv"]
    assert int.from_bytes(answer, "little") == values["value"]


def test_ev2_value_commit_abort_mac():
    values = of("ev2_value_commit_abort_mac")
    channel = ev2_channel(values, 3)
    assert channel.seal(Command.COMMIT, b"", b"", Mode.MAC, b"") == values["commit_ctr3"]
    assert channel.open(values["commit_resp_ctr4"], Mode.MAC, 0) == b""
    aborting = ev2_channel(values, 7).seal(Command.ABORT, b"", b"", Mode.MAC, b"")
    assert aborting == values["abort_ctr7"]


def test_ev2_create_value_file_mac_ctr0():
    values = of("ev2_create_value_file_mac_ctr0")
    payload = values["payload"]
    sealed = ev2_channel(values, 0).seal(Command.CREATE_VALUE, payload, b"", Mode.MAC, b"")
    assert sealed == payload + values["mact"]


def test_desfire_crc32_nocomplement():
    of("desfire_crc32_nocomplement")
    vector = VECTORS["desfire_crc32_nocomplement"]
    data = vector["inputs"]["data_ascii"].encode()
    assert crc32(data) == bytes.fromhex(vector["expected"]["crc_le"])


def test_desfire_crc32_uid_search():
    values = of("desfire_crc32_uid_search")
    assert crc32(values["data"] + values["status"]) == values["crc_le"]


def test_ev2_tmac_session_keys_00000001():
    values = of("ev2_tmac_session_keys_00000001")
    keys = tmac.session_keys(values["app_tmac_key"], values["tmc"], values["uid"])
    assert keys == (values["k_ses_tm_mac"], values["k_ses_tm_enc"])


def test_ev2_tmri_decrypt():
    values = of("ev2_tmri_decrypt")
    plain = aes_cbc_decrypt(values["k_ses_tm_enc"], bytes(16), values["enc_tmri"])
    assert plain == values["tmri"]
    keys = of("ev2_tmac_session_keys_00000001")
    reader = tmac.reader_before(keys["app_tmac_key"], 1, keys["uid"], values["enc_tmri"])
    assert reader == values["tmri"]


@pytest.mark.parametrize("name", named("ev1_aes_auth"))
def test_ev1_authentication(name):
    values = of(name)
    card = Script(values["enc_rnd_b"] + b"\x91\xaf", values["enc_rnd_a"] + b"\x91\x00")
    channel = authenticate_aes(card, lambda _: values["rnd_a"], values["key_no"], values["key"])
    assert card.heard == [bytes((values["key_no"],)), values["token"]]
    assert channel._key == values["session_key"]


@pytest.mark.parametrize("name", named("ev1_aes_changekey"))
def test_ev1_key_change(name):
    values = of(name)
    channel = LegacyChannel(values["session_key"], AES)
    channel._iv = values["iv"]
    data = values["plain"][:17]
    sealed = channel.seal(Command.CHANGE_KEY, bytes((values["key_no"],)), data, Mode.FULL, b"")
    assert bytes((Command.CHANGE_KEY,)) + sealed == values["cmd"]


@pytest.mark.parametrize("name", named("ev1_aes_cmac_chain"))
def test_ev1_chained_macs(name):
    values = of(name)
    channel = LegacyChannel(values["session_key"], AES)
    channel._iv = values["iv_before"]
    command, answer = values["cmd"], values["response_status_first"]
    assert channel.seal(command[0], command[1:], b"", Mode.PLAIN, b"") == command[1:]
    assert channel._iv == values["tx_cmac"]
    assert channel.open(answer[1:], Mode.PLAIN, 0) == answer[1:-8]
    assert channel._iv == values["rx_cmac"]


def test_no_vector_of_the_table_is_left_out():
    untested = {name for name in VECTORS if f'"{name}"' not in Path(__file__).read_text()}
    starts = ("aes_cmac_rfc4493", "an10922_aes128", "ev1_aes_")
    assert {name for name in untested if not name.startswith(starts)} == set()
