"""Who may do what at the head office: four roles, and what each may, as one table."""

from enum import StrEnum


class Right(StrEnum):
    """Something that not everybody may do."""

    SEE = "see"
    """Look at every page but those below."""
    EXPORT = "export"
    """Take tables out as files."""
    SETTLE = "settle"
    """Decide on quarantined records, refused messages and anomalies."""
    AUDIT = "audit"
    """Read who did what."""
    ADJUST = "adjust"
    """Move value by hand, with a reason."""
    RULES = "rules"
    """Upload rules, roll them out and take them back."""
    ENROL = "enrol"
    """Let tills in, and out."""
    ERASE = "erase"
    """Forget a member's personal data everywhere."""
    PEOPLE = "people"
    """Make people and program keys, and take them away."""


class Role(StrEnum):
    """What somebody is."""

    VIEWER = "viewer"
    CLERK = "clerk"
    ACCOUNTANT = "accountant"
    ADMINISTRATOR = "administrator"


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.SEE}),
    Role.CLERK: frozenset({Right.SEE, Right.SETTLE}),
    Role.ACCOUNTANT: frozenset({Right.SEE, Right.EXPORT, Right.AUDIT, Right.ADJUST}),
    Role.ADMINISTRATOR: frozenset(Right),
}


def may(role: Role, right: Right) -> bool:
    """Return whether somebody of this role may do it.

    >>> may(Role.CLERK, Right.SETTLE), may(Role.CLERK, Right.EXPORT)
    (True, False)
    """
    return right in RIGHTS[role]
