"""Tills are enrolled by a token, over a real mosquitto with TLS; revoked, and replaced by other machines."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from sync import topics
from sync.protocol.enrol import read_token
from tests.app.test_from_hq import has_data
from tests.app.test_restore import books_fold, receipts_at, sell_to_member, until_acked
from tests.kit.secure import Site, command
from tests.kit.till import COLA, WATER, rows
from tests.kit.tls_client import Client
from tests.kit.waiting import until


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with Site(tmp_path_factory.mktemp("site")) as made:
        yield made


def audit(site):
    return [row[0] for row in rows(site.hq.database, "SELECT what FROM audit ORDER BY id")]


def test_a_token_makes_a_till_and_is_good_once(site):
    till, token = site.till("one", "S01-T1"), site.token("S01-T1")
    site.enrol(till, token)
    again = site.till("thief", "S01-T1")
    code, _, said = command("enrol", token, "--config", str(again.settings))
    assert (code, said.strip()) == (1, "the token was used already, by another machine")
    with till:
        has_data(till)
        till.api.sign_in()
        sell_to_member(till, COLA)
        until_acked(till)
    assert site.hq.records() == till.records()
    assert {"token-made", "till-enrolled"} <= set(audit(site))
    assert not rows(site.hq.database, "SELECT secret FROM enrol_token WHERE secret = ''")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"), "it is not whole"),
        (lambda _: "TP1-AAAAA", "it is not whole"),
        (lambda _: "rubbish", "a token begins with TP1"),
    ],
)
def test_a_mistyped_token_is_noticed_before_anybody_is_asked(site, spoil, says):
    till = site.till("typo", "S01-T9")
    code, _, said = command("enrol", spoil(site.token("S01-T9")), "--config", str(till.settings))
    assert code == 1
    assert said.startswith(says)


def test_a_token_of_another_till_an_old_one_and_an_unknown_one_are_refused_by_their_reasons(site):
    till = site.till("other", "S01-T8")
    code, _, said = command("enrol", site.token("S01-T7"), "--config", str(till.settings))
    assert (code, said.strip()) == (1, "the token is for another till: see [terminal] id")
    old, gone = site.token("S01-T8"), site.token("S01-T8")
    with closing(sqlite3.connect(site.hq.database)) as database:
        ids = {
            row[0]
            for row in database.execute("SELECT id FROM enrol_token WHERE terminal = 'S01-T8'")
        }
        assert {read_token(old).id, read_token(gone).id} == ids
        database.execute(
            "UPDATE enrol_token SET expires_ms = 1 WHERE id = ?", (read_token(old).id,)
        )
        database.execute("DELETE FROM enrol_token WHERE id = ?", (read_token(gone).id,))
        database.commit()
    code, _, said = command("enrol", old, "--config", str(till.settings))
    assert (code, said.strip()) == (1, "the token is too old; have another one made")
    code, _, said = command("enrol", gone, "--config", str(till.settings))
    assert (code, said.strip()) == (1, "the head office knows no such token")


def test_the_broker_lets_a_till_speak_in_its_own_name_only(site):
    one, two = site.till("acl-one", "S02-T1"), site.till("acl-two", "S02-T2")
    for each in (one, two):
        site.enrol(each, site.token(dict(each.tables)["[terminal]"]["id"]))
    tls = one.data / "tls"
    with Client.till(site.till_port, tls) as client, Client.hq(site.till_port, site.out) as hq:
        hq.subscribe("tp/1/#")
        for channel in topics.TILL_WRITES:
            client.publish(topics.topic("S02-T2", channel), b"foreign")
            client.publish(topics.topic("S02-T1", channel), b"own")
        client.publish(topics.HQ_STATE, b"foreign")
        client.publish(topics.master("members"), b"foreign")
        client.publish(topics.topic("S02-T1", topics.ACK), b"foreign")
        until(lambda: len(hq.heard("own")) == len(topics.TILL_WRITES), "what it may say")
        assert hq.heard("foreign") == []
        client.subscribe("tp/1/#")
        client.subscribe(topics.topic("S02-T2", topics.RESPONSE))
        client.subscribe(topics.topic("S02-T1", topics.RESPONSE))
        hq.publish(topics.topic("S02-T2", topics.RESPONSE), b"not for you")
        hq.publish(topics.topic("S02-T1", topics.RESPONSE), b"for you")
        until(lambda: client.heard("for you"), "what it may hear")
        assert client.heard("not for you") == []


def test_nobody_without_a_certificate_gets_in_and_strangers_can_only_ask(site):
    with pytest.raises(OSError):
        Client.nobody(site.till_port, site.out).__enter__()
    with Client.plain(site.enrol_port) as stranger, Client.hq(site.till_port, site.out) as hq:
        hq.subscribe("tp/1/#")
        stranger.publish(topics.topic("S01-T1", topics.UP), b"foreign")
        stranger.publish(topics.HQ_STATE, b"foreign")
        stranger.publish(topics.ENROL, b"asked")
        until(lambda: hq.heard("asked"), "the question")
        assert hq.heard("foreign") == []


def test_a_revoked_till_is_heard_by_nobody_until_it_is_enrolled_anew(site):
    till = site.till("stolen", "S03-T1")
    site.enrol(till, site.token("S03-T1"))
    key = (till.data / "till.key").read_bytes()
    with till:
        has_data(till)
        till.api.sign_in()
        sell_to_member(till, WATER)
        until_acked(till)
        code, _, err = command(
            "hq", "revoke", "S03-T1", "--reason", "stolen", "--config", site.config
        )
        assert code == 0, err
        sold = 1

        def is_refused():
            nonlocal sold
            sold += bool(sell_to_member(till, WATER))
            return till.state()["sync"]["trouble"] in {"batch-refused", "turned-away"}

        until(is_refused, "the head office's refusal, a second later")
        held = rows(site.hq.database, "SELECT sum(last_seq) FROM stream WHERE terminal = 'S03-T1'")
    site.write_broker()
    site.broker.stop()
    site.broker.start()
    with pytest.raises(OSError):
        Client.till(site.till_port, till.data / "tls").__enter__()
    code, _, said = command("hq", "revoke", "S03-T1", "--config", site.config)
    assert (code, said.strip()) == (1, "no till in use is called that")

    site.enrol(till, site.token("S03-T1"))
    assert (till.data / "till.key").read_bytes() != key
    del till.api  # It was closed with the till.
    with till:
        until_acked(till)
        till.api.sign_in()
        receipt = sell_to_member(till, WATER)["receipt"]
        until_acked(till)
    assert not receipt.startswith("S03-T1-1-")
    after = rows(site.hq.database, "SELECT sum(last_seq) FROM stream WHERE terminal = 'S03-T1'")
    assert after > held
    sales = "SELECT count(*) FROM sale JOIN stream ON stream.id = sale.record >> 40 WHERE terminal = 'S03-T1'"
    assert rows(site.hq.database, sales) == [(sold + 1,)]


@pytest.mark.parametrize("has_backup", [True, False])
def test_a_dead_till_is_replaced_and_nothing_is_lost_or_doubled(site, has_backup):
    name = f"S04-T{int(has_backup)}"
    dead, new = site.till(f"dead-{has_backup}", name), site.till(f"new-{has_backup}", name)
    site.enrol(dead, site.token(name))
    stick = site.folder / f"stick-{has_backup}"
    before = receipts_at(site.hq)
    with dead:
        has_data(dead)
        dead.api.sign_in()
        receipts = [sell_to_member(dead, COLA)["receipt"] for _ in range(2)]
        until_acked(dead)
        code, _, err = command("backup", "--to", str(stick), "--config", str(dead.settings))
        assert code == 0, err
        receipts.append(sell_to_member(dead, COLA)["receipt"])
        until_acked(dead)
        owed = books_fold(site.hq)
        dead.kill()
    shutil.rmtree(dead.data)

    if has_backup:
        (copy,) = stick.glob("*.db")
        code, _, err = command("restore", str(copy), "--config", str(new.settings))
        assert code == 0, err
    site.enrol(new, site.token(name))
    with new:
        has_data(new)
        assert books_fold(site.hq) == owed
        new.api.sign_in()
        receipts += [sell_to_member(new, COLA)["receipt"] for _ in range(2)]
        until_acked(new)
        if has_backup:
            assert new.api.get(f"/receipts/{receipts[0]}").status_code == 200
        new.assert_whole()
    assert len(set(receipts)) == 5
    assert receipts_at(site.hq) - before == 5
    states = rows(site.hq.database, f"SELECT why FROM till_key_past WHERE terminal = '{name}'")
    assert states == [("replaced",)]
