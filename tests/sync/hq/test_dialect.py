"""Every statement of the head office is one that PostgreSQL understands too."""

import ast
import re
from pathlib import Path

import psycopg
import pytest

import sync.hq
from sync.hq.dialect import translated
from sync.hq.opening import open_database

FOLDER = Path(sync.hq.__file__).parent
_STATEMENT = re.compile(r"(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\s")
_PART = re.compile(r"(FROM|SELECT|WHERE|VALUES|SET|AS)\s*\Z|,\s*\Z|\AWITH.*\)\s*\Z", re.DOTALL)
"""Ends like this: the beginning of a statement that is put together."""
_FILE_ONLY = ("sqlite.py",)


def statements() -> list[tuple[str, str]]:
    """Return each whole statement that stands in the code, and where."""
    found = []
    for path in sorted(FOLDER.rglob("*.py")):
        if path.name in _FILE_ONLY:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        parts = {
            id(part)
            for node in ast.walk(tree)
            if isinstance(node, ast.JoinedStr | ast.BinOp)
            for part in ast.walk(node)
        }
        for node in ast.walk(tree):
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
            if not is_text or id(node) in docs | parts or not _STATEMENT.match(node.value):
                continue
            if not _PART.search(node.value):
                found.append((f"{path.relative_to(FOLDER)}:{node.lineno}", node.value))
    return found


def test_every_whole_statement_can_be_prepared_on_postgresql(postgres):
    data = postgres.database()
    open_database(data).close()
    wrong = []
    whole = statements()
    with psycopg.connect(data, autocommit=True, cursor_factory=psycopg.RawCursor) as connection:
        for where, sql in whole:
            try:
                connection.execute(b"PREPARE it AS " + translated(sql))
                connection.execute("DEALLOCATE it")
            except (psycopg.errors.IndeterminateDatatype, psycopg.errors.AmbiguousParameter):
                continue  # Ours are sent with their types.
            except psycopg.Error as error:
                wrong.append(f"{where}: {error.diag.message_primary}: {sql}")
    assert len(whole) > 80
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "bad", ["SELECT max(1, 2)", "INSERT OR REPLACE INTO state VALUES ('a', 1)"]
)
def test_a_statement_of_one_dialect_only_is_found(postgres, bad):
    with psycopg.connect(postgres.address()) as connection, pytest.raises(psycopg.Error):
        connection.execute(b"PREPARE it AS " + translated(bad))
