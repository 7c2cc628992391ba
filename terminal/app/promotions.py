"""The rules file in force at this till: read at the start, with the last good one to go on with.

A rule whose use is limited per member, per day or altogether needs counts that only the head office can
keep for all tills; until it does, such a rule is left out of force and said so, never granted without end.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from config.faults import ConfigError, render_all
from config.rulefile import Limit, RulesFile
from terminal.core.pricing.rules import RuleBook
from terminal.store.rulefile import last_kept, rule_book, rules_of

KEPT = "rules.kept"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InForce:
    """What the rules file gives."""

    file: RulesFile | None
    """None: there is no rules file, and the plain prices of the shop file are all."""
    faults: int
    """Faults of a file that was not taken over, and rules left out of force."""

    def over(self, plain: RuleBook) -> RuleBook:
        """Return ``plain`` with these rules."""
        return plain if self.file is None else rule_book(self.file, plain)


NOTHING = InForce(None, 0)


def in_force(source: Path, folder: Path) -> InForce:
    """Return the rules of ``source``, or the last good ones kept in ``folder`` when it has faults.

    Raises:
        ConfigError: It has faults, and there are no last good ones.
        MasterDataError: It cannot be read.
    """
    try:
        file, faults = rules_of(source, folder / KEPT), 0
    except ConfigError as error:
        kept = last_kept(folder / KEPT)
        if kept is None:
            raise
        log.warning("the last good rules stay in force:\n%s", render_all(error.faults))
        file, faults = kept, len(error.faults)
    counted = [rule for rule in file.promotions if _is_counted(rule.limit)]
    for rule in counted:
        log.warning("rule %s is left out: nobody counts its uses over all tills yet", rule.id)
    held = tuple(rule for rule in file.promotions if not _is_counted(rule.limit))
    return InForce(replace(file, promotions=held), faults + len(counted))


def _is_counted(limit: Limit) -> bool:
    return (limit.per_member, limit.per_day, limit.total) != (None, None, None)
