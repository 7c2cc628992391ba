"""The page over books on either database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sync.page.books import Books, opened
from tests.sync.page.site import Address, running


@pytest.fixture(params=["sqlite", "postgresql"])
def books(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Books]:
    server = request.param == "postgresql"
    with opened(request.getfixturevalue("postgres").database() if server else tmp_path) as found:
        yield found


@pytest.fixture
def address(books: Books) -> Iterator[Address]:
    with running(books.reader) as found:
        yield found
