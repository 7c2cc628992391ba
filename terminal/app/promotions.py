"""The rules file in force at this till: read at the start, with the last good one to go on with.

Limits per member, per day and altogether are counted by this till from its own sales. Over several tills they
hold because each gives at most its share (``shared_by`` in the rules file), whether it is online or not.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

from config.faults import ConfigError, render_all
from config.rulefile import RulesFile
from terminal.core.pricing.rules import RuleBook
from terminal.store.rulefile import last_kept, rule_book, rules_of

KEPT = "rules.kept"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InForce:
    """What the rules file gives."""

    file: RulesFile | None
    """None: there is no rules file, and the plain prices of the shop file are all."""
    faults: tuple[str, ...] = ()
    """Faults of a newer file that was not taken over, each with its line."""

    def over(self, plain: RuleBook) -> RuleBook:
        """Return ``plain`` with these rules."""
        return plain if self.file is None else rule_book(self.file, plain)


NOTHING = InForce(None)


def in_force(source: Path, folder: Path) -> InForce:
    """Return the rules of ``source``, or the last good ones kept in ``folder`` when it has faults.

    Raises:
        ConfigError: It has faults, and there are no last good ones.
        MasterDataError: It cannot be read.
    """
    try:
        file = rules_of(source, folder / KEPT)
    except ConfigError as error:
        kept = last_kept(folder / KEPT)
        if kept is None:
            raise
        log.warning("the last good rules stay in force:\n%s", render_all(error.faults))
        return InForce(kept, tuple(map(str, error.faults)))
    return InForce(file)
