"""Which database the settings name."""

from pathlib import Path
from urllib.parse import quote

from config.schema import Hq
from sync.hq.database import Database, Readings, StoreError
from sync.hq.sqlite import SqliteFile, SqliteReadings

SQLITE = "sqlite:///"
PASSWORD_BYTES_MAX = 1_024


def open_database(data: str | Path, part: int = 0) -> Database:
    """Open the database at ``data``, a path or ``postgresql://…``, for writing.

    Raises:
        StoreError: It is no database of ours, or of a later version, or cannot be opened.
    """
    if isinstance(data, Path):
        return SqliteFile(data)
    if data.startswith(SQLITE):
        return SqliteFile(Path(data.removeprefix(SQLITE)))
    from sync.hq.postgres import PostgresServer  # noqa: PLC0415 - SQLite needs no driver

    return PostgresServer(data, part)


def open_readings(data: str | Path) -> Readings:
    """Return where the page reads."""
    if isinstance(data, Path):
        return SqliteReadings(data)
    if data.startswith(SQLITE):
        return SqliteReadings(Path(data.removeprefix(SQLITE)))
    from sync.hq.postgres import PostgresReadings  # noqa: PLC0415 - as above

    return PostgresReadings(data)


def address_of(office: Hq) -> str:
    """Return the database's address with the password that a file holds, if the settings name one.

    Raises:
        StoreError: The file cannot be read, or holds no password.
    """
    if office.data_password_file is None:
        return office.data
    try:
        with Path(office.data_password_file).open("rb") as file:
            word = file.read(PASSWORD_BYTES_MAX + 1).decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{office.data_password_file}: {error}") from error
    if not word or len(word) > PASSWORD_BYTES_MAX:
        raise StoreError(f"{office.data_password_file}: holds no password")
    return f"{office.data}{'&' if '?' in office.data else '?'}password={quote(word, safe='')}"
