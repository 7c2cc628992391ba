"""A short trial of outages; the long one is run by hand (see README.md)."""

import pytest

from tests.outage.run import trial

KILLS = 5


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_nothing_is_lost_or_doubled_whatever_fails(tmp_path, database):
    found, told = trial(tmp_path / "trial", KILLS, database, seed=11)

    print(told)
    assert found == []
