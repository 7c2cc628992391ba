"""An old till with a new head office, and the reverse, from messages that were recorded once.

`recordings/v1.txt` holds what tills and head offices of version 1 sent, byte for byte: those programs are
out there. Whoever changes a format so that one of these tests fails has broken them.
"""

from pathlib import Path

import msgspec
import pytest

from sync import topics
from sync.hq.receive import REFUSAL_EVERY_MS, Receiver
from sync.hq.store import Store
from sync.hq.trust import Trust
from sync.mqtt import Message
from sync.protocol.ack import Status, read_ack
from sync.protocol.batch import unpack
from sync.protocol.hello import Hello, common_version, read_hello, read_welcome, write_hello
from sync.protocol.keys import SecretKey
from sync.protocol.master import read_ask, read_part, read_word, unpack_rows
from sync.protocol.state import read_hq_state, read_till_state
from sync.protocol.wire import HEADER_BYTES, take_apart
from sync.uplink.api import Acked, Progress, SyncTrouble
from sync.uplink.session import Publish, Session
from terminal.codec.entry import decode
from tests.kit.ledger import MemoryLedger, till

RECORDED = {
    name: bytes.fromhex(data)
    for name, data in (
        line.split()
        for line in (Path(__file__).parent / "recordings" / "v1.txt").read_text().splitlines()
    )
}
HQ = SecretKey.of_seed(b"h" * 32)
TILL = till()


class OldWelcome(msgspec.Struct, array_like=True):
    """A welcome as a till of version 1 reads it."""

    nonce: bytes
    public_key: bytes
    ack: bytes


@pytest.fixture
def office():
    store = Store(Path(":memory:"))
    yield Receiver(store, HQ, Trust(None)), store
    store.close()


def ask_office(receiver, channel, payload, now=REFUSAL_EVERY_MS):
    return receiver.take(Message(topics.topic(TILL.terminal, channel), payload), now)


def filled():
    """The ledger that the recorded batch is of: three sales as version 1 wrote them."""
    ledger = MemoryLedger(TILL)
    ledger.extend(unpack(RECORDED["batch"], TILL.key.public)[0].records)
    return ledger


def test_every_recorded_message_still_says_what_it_said():
    key = TILL.key.public
    hello, _ = read_hello(RECORDED["hello"])
    assert (hello.terminal, hello.head_seq, hello.program) == ("S01-T1", 3, "tallypoint 1")
    assert (hello.ordinal, hello.previous, hello.versions) == (1, "", (1,))
    welcome, _ = read_welcome(RECORDED["welcome"])
    assert (welcome.nonce, welcome.ordinals, welcome.version) == (b"nonce--1", 0, 1)
    batch, digests = unpack(RECORDED["batch"], key)
    ledger = filled()
    assert [decode(body).call_id for body in batch.records] == ["call-1", "call-2", "call-3"]
    assert digests == [digest for _, _, digest in ledger.rows]
    assert read_ack(RECORDED["ack"], HQ.public).acked_seq == 3
    assert read_till_state(RECORDED["till_state"], key).head_seq == 3
    assert read_hq_state(RECORDED["hq_state"], HQ.public).timeline == 1
    assert read_word(RECORDED["word"], HQ.public).version == 4
    assert read_ask(RECORDED["ask"], key).table == "members"
    rows = unpack_rows(read_part(RECORDED["part"], HQ.public).packed)
    assert rows == (("member", "100001", b"x"), ("member", "100002", None))


def test_an_old_till_is_greeted_heard_and_answered_in_its_own_words(office):
    receiver, store = office
    (answer,) = ask_office(receiver, topics.REQUEST, RECORDED["hello"])
    welcome = msgspec.msgpack.decode(answer.payload[HEADER_BYTES:], type=OldWelcome)
    assert welcome.nonce == b"nonce--1"
    assert read_ack(welcome.ack, HQ.public).status is Status.OK
    (answer,) = ask_office(receiver, topics.UP, RECORDED["batch"])
    assert answer.payload == RECORDED["ack"]
    assert store.streams(TILL.ledger_id)[0].last_seq == 3
    assert ask_office(receiver, topics.STATE, RECORDED["till_state"]) == []


def test_a_new_till_goes_on_with_an_old_head_office():
    ledger = filled()
    session = Session(TILL, ledger, Progress(3), lambda _: 0, lambda: b"nonce--1")
    (hello,) = session.connected(0)
    assert isinstance(hello, Publish)
    where = topics.topic(TILL.terminal, topics.RESPONSE)
    accepted, batch = session.heard(where, RECORDED["welcome"], 1)
    assert isinstance(accepted, Acked)
    assert isinstance(batch, Publish)
    where = topics.topic(TILL.terminal, topics.ACK)
    (accepted,) = [
        out for out in session.heard(where, RECORDED["ack"], 2) if isinstance(out, Acked)
    ]
    assert accepted.seq == 3


def test_a_till_of_a_later_version_is_told_what_the_head_office_knows(office):
    receiver, store = office
    newer = bytes((2,)) + RECORDED["hello"][1:]
    (answer,) = ask_office(receiver, topics.REQUEST, newer)
    assert answer.topic == topics.topic(TILL.terminal, topics.ACK)
    ack = read_ack(answer.payload, HQ.public)
    assert (ack.status, ack.reason) == (Status.REFUSED, "version: the head office knows (1,)")
    assert store._sql.execute("SELECT reason FROM refused").fetchall() == [("version",)]


def test_a_till_that_can_send_no_batch_we_know_is_turned_away_with_the_reason(office):
    receiver, _ = office
    ledger, who = filled(), TILL
    hello = Hello(
        who.terminal, who.ledger_id, 0, who.key.public.raw, bytes(8), 3, ledger.digest,
        versions=(7, 8),
    )  # fmt: skip
    (answer,) = ask_office(receiver, topics.REQUEST, write_hello(hello, who.key))
    ack = read_ack(read_welcome(answer.payload)[0].ack, HQ.public)
    assert (ack.status, ack.reason) == (Status.REFUSED, "version: the head office knows (1,)")
    assert common_version((1, 7), ours=(1, 2)) == 1


def test_a_till_whose_hello_cannot_be_read_hears_why(office):
    receiver, _ = office
    ledger = filled()
    session = Session(
        till(trusted=HQ.public), ledger, Progress(3), lambda _: 0, lambda: b"nonce--1"
    )
    (hello,) = session.connected(0)
    # What a head office of version 1 answers to a hello that it cannot read.
    receiver_answer = receiver._unknown_version(
        TILL.terminal, Message(hello.topic, hello.payload), REFUSAL_EVERY_MS
    )
    said = session.heard(receiver_answer.topic, receiver_answer.payload, 1)
    assert said == [SyncTrouble("turned-away", "version: the head office knows (1,)")]


def test_a_word_of_a_later_version_is_named_so_and_changes_nothing():
    ledger = filled()
    session = Session(
        till(trusted=HQ.public), ledger, Progress(3), lambda _: 0, lambda: b"nonce--1"
    )
    session.connected(0)
    before = session.state
    newer = bytes((2,)) + RECORDED["welcome"][1:]
    (said,) = session.heard(topics.topic(TILL.terminal, topics.RESPONSE), newer, 1)
    assert isinstance(said, SyncTrouble)
    assert said.key == "other-version"
    assert session.state == before
    assert take_apart(RECORDED["welcome"], 4_096).version == 1
