"""A record in quarantine, tried once more: a later version of this program may understand it."""

from sync.hq import audit
from sync.hq.append import write_books
from sync.hq.audit import Act
from sync.hq.books import sum_up
from sync.hq.database import Database
from sync.hq.follow import again
from sync.hq.people import DeniedError
from sync.hq.schema import stream_of


def retake(database: Database, act: Act, record: int) -> None:
    """Take a record into the books after all, in one transaction with everything that follows from it.

    Raises:
        DeniedError: ``not-there``, or ``still-unreadable``: it is no better than before.
    """
    with database.transaction():
        row = database.sql.execute(
            "SELECT body FROM quarantine JOIN record ON record.id = quarantine.record"
            " WHERE quarantine.record = ?",
            (record,),
        ).fetchone()
        if row is None:
            raise DeniedError("not-there")
        sums = sum_up([bytes(row[0])])
        if sums.faults:
            raise DeniedError("still-unreadable")
        database.sql.execute("DELETE FROM quarantine WHERE record = ?", (record,))
        database.sql.execute(
            "UPDATE stream SET quarantined = quarantined - 1, sales = sales + ?,"
            " sales_amount = sales_amount + ?, revision = revision + 1 WHERE id = ?",
            (len(sums.sales), sums.sales_amount, stream_of(record)),
        )
        write_books(database, sums, record, act.now_ms)
        again(database, record)
        audit.note(database, act, "retaken", f"record {record}")
