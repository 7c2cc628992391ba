"""What holds for every test.

Laws are tried on the same examples each time, however slow the machine is. Files that take longest begin
first, so that ``./test`` does not end with one core waiting for the other.
"""

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "house",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("house")

LONGEST = ("tests/systemd/", "tests/lab/", "tests/app/", "tests/sync/", "tests/counter/")
"""In the order they begin; everything else follows."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        found = (n for n, begin in enumerate(LONGEST) if item.nodeid.startswith(begin))
        return next(found, len(LONGEST))

    items.sort(key=place)  # Stable: within a file nothing changes places.


@pytest.fixture(scope="session")
def postgres():
    """One PostgreSQL for all tests that do not kill it; each takes a database of its own."""
    from tests.kit.postgres import Postgres  # noqa: PLC0415 - most tests need none

    with Postgres() as server:
        yield server
