"""A disk that fails at the commit: the till ends, and then the same id tells what became of the sale."""

import httpx
import pytest

from tests.kit.till import TillProcess, whole_sale
from tests.lab.recording import recorder

SALES_MAX = 40


@pytest.mark.parametrize("nth", [2, 5, 9])
def test_a_failed_commit_ends_the_till_and_the_same_id_gives_the_answer(tmp_path, nth):
    with TillProcess(tmp_path) as till:
        till.api.sign_in()
        program = till.program()
        till.kill()
        till.env = {
            "LD_PRELOAD": str(recorder()),
            "TP_LAB_DIR": str(till.data),
            "TP_LAB_FAIL_SYNC": str(nth),
            "TP_LAB_FAIL_FILE": "ledger.db-wal",
        }
        till.restart()
        answers = []
        body = {}
        for n in range(SALES_MAX):
            body = {"id": f"sale-{n}", **whole_sale()}
            try:
                answer = program.post("/sales", body)
            except httpx.TransportError:
                break
            if answer.status_code != 200:
                assert answer.json()["refused"] == "outcome-unknown"
                break
            answers.append(answer.json())

        assert len(answers) < SALES_MAX, "the disk did not fail"
        assert till.wait() == 1
        assert "disk I/O error" in till.log
        assert "Traceback" not in till.log

        till.env = {}
        till.restart()

        in_doubt = program.json("POST", "/sales", body)
        for n, answer in enumerate(answers):
            assert program.json("POST", "/sales", {"id": f"sale-{n}", **whole_sale()}) == answer
        assert till.sales() == len(answers) + 1
        assert in_doubt["receipt"] == f"S01-T1-1-{len(answers) + 1:06d}"
        till.assert_whole()
