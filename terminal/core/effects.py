"""What the till is to carry out after a step, in order: post first, then what depends on it."""

from dataclasses import dataclass

from terminal.core.journal import Body, Posting
from terminal.core.purse.effects import CardEffect


@dataclass(frozen=True, slots=True)
class Post:
    """Commit ``body`` to the ledger before anything else is done."""

    body: Body
    postings: tuple[Posting, ...]
    facts: tuple[tuple[str, str], ...] = ()
    is_joined: bool = False
    """Whether it is committed together with the next one, both or neither."""


@dataclass(frozen=True, slots=True)
class Print:
    """Print the receipt of the sale just posted."""


@dataclass(frozen=True, slots=True)
class HandOut:
    """Print the slip of what was just posted: it is no receipt, and has no number but the entry's."""


@dataclass(frozen=True, slots=True)
class OpenDrawer:
    """Open the cash drawer: cash came in or goes out."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Show a notice to the cashier; ``level`` is ``good``, ``warn`` or ``bad``."""

    key: str
    level: str = "good"
    facts: tuple[tuple[str, str | int], ...] = ()


Effect = Post | Print | HandOut | OpenDrawer | Tell | CardEffect
