"""A receipt has one name only, and secrets that are not whole stop the till with a clear word."""

import contextlib

import pytest

from tests.kit.broker import Broker
from tests.kit.till import COLA, TillProcess


def test_a_receipt_is_found_by_its_whole_name_only(tmp_path):
    with TillProcess(tmp_path) as till:
        till.api.sign_in()
        name = till.api.sell(COLA)["receipt"]

        assert till.api.get(f"/receipts/{name}").status_code == 200
        for other in ("X-000001", "000001", "S01-T1-000001", "S01-T1-2-000001", f"{name[:-6]}1"):
            for kind in ("", ".txt", ".png"):
                assert till.api.get(f"/receipts/{other}{kind}").status_code == 404, other + kind


@contextlib.contextmanager
def ended(till):
    """A till that must not come up."""
    till.start()
    try:
        assert till.wait() == 1
        yield till.log
    finally:
        if till.is_running:
            till.kill()


@pytest.mark.parametrize("secret", [b"", b"short"])
def test_a_pepper_that_is_not_whole_is_never_used(tmp_path, secret):
    till = TillProcess(tmp_path)
    till.data.mkdir()
    (till.data / "pepper").write_bytes(secret)

    with ended(till) as said:
        assert "pepper" in said
        assert "Traceback" not in said


def test_a_head_office_key_that_is_none_ends_the_till_with_a_clear_word(tmp_path):
    (tmp_path / "hq.pub").write_text("no key")
    with Broker(tmp_path) as broker:
        till = TillProcess(tmp_path, broker=broker.port)
        till.tables = [
            (head, {**table, "trust_hq": "hq.pub"} if head == "[sync]" else table)
            for head, table in till.tables
        ]
        till.write_settings()

        with ended(till) as said:
            assert "hq.pub" in said
            assert "Traceback" not in said
