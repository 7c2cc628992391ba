"""The rules file in force at this till: read at the start, with the last good one to go on with.

Limits per member, per day and altogether are counted by this till from its own sales. Over several tills they
hold because each gives at most its share (``shared_by`` in the rules file), whether it is online or not.
"""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

from config.faults import ConfigError, one_line, render_all
from config.rulefile import RulesFile
from terminal.codec.keptbook import BookTooLargeError, digest_of, pack
from terminal.codec.rulebook import rule_book
from terminal.core.pricing.rules import RuleBook
from terminal.store.errors import LedgerError
from terminal.store.ledger import Ledger
from terminal.store.rolled import Chosen
from terminal.store.rulefile import last_kept, rules_of

KEPT = "rules.kept"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InForce:
    """What the rules file gives."""

    file: RulesFile | None
    """None: there is no rules file, and the plain prices of the shop file are all."""
    faults: tuple[str, ...] = ()
    """Faults of a newer file that was not taken over, each with its line."""

    since_ms: int = 0
    """Wall time from which on this till prices by them; 0: not known."""

    def over(self, plain: RuleBook) -> RuleBook:
        """Return ``plain`` with these rules."""
        return plain if self.file is None else rule_book(self.file, plain)


NOTHING = InForce(None)


def kept(promotions: InForce, plain: RuleBook, ledger: Ledger, now_ms: int) -> InForce:
    """Keep what prices from now on, to work sales out again, and return since when it does.

    A till that cannot keep it (a full disk, too many rules) sells all the same; its sales are then not
    comparable and it says so.
    """
    try:
        packed = pack(promotions.file, plain)
        return replace(promotions, since_ms=ledger.keep_book(digest_of(packed), packed, now_ms))
    except (BookTooLargeError, LedgerError) as error:
        log.warning("the rules are not kept to explain sales by: %s", error)
        return promotions


def rolled_out(found: Chosen) -> InForce:
    """Return the rules that the head office has in force here, and the faults of newer ones that are due."""
    return InForce(found.file, found.faults)


def in_force(source: Path, folder: Path) -> InForce:
    """Return the rules of ``source``, or the last good ones kept in ``folder`` when it has faults.

    Raises:
        ConfigError: It has faults, and there are no last good ones.
        MasterDataError: It cannot be read.
    """
    try:
        file = rules_of(source, folder / KEPT)
    except ConfigError as error:
        last_good = last_kept(folder / KEPT)
        if last_good is None:
            raise
        log.warning("the last good rules stay in force:\n%s", render_all(error.faults))
        return InForce(last_good, tuple(map(one_line, error.faults)))
    return InForce(file)
