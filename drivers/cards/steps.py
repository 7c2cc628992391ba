"""Making a card ours, step by step, so that an interruption at any command can be mended.

A step knows whether it is done by *reading*; doing it twice does no harm. A batch that stopped half
way is begun anew from its first step, and passes over what it finds done. After each step the card is
read back: a step that is not done then is an error, and nothing after it is tried. The order is the
family's: content first, keys and access conditions last.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from drivers.cards.seam import CardRefusedError


@dataclass(frozen=True, slots=True)
class Step:
    """One change to a card."""

    name: str
    """What it does, for the technician; no secrets."""
    is_done: Callable[[], bool]
    """Reads the card; may raise what a transmit raises."""
    do: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a card has come."""

    name: str
    number: int
    """From 1."""
    of: int
    was_done: bool
    """The step was found done, and nothing was written."""


def run(steps: tuple[Step, ...]) -> Iterator[Progress]:
    """Carry out ``steps`` in order and tell of each once it has been read back.

    Raises:
        CardRefusedError: The card refused, or reads otherwise than was written.
        CardTornError: The card left; run the same steps again on the same card.
    """
    for number, step in enumerate(steps, 1):
        was_done = step.is_done()
        if not was_done:
            step.do()
            if not step.is_done():
                raise CardRefusedError(f"{step.name}: reads otherwise than was written")
        yield Progress(step.name, number, len(steps), was_done)


def rehearse(steps: tuple[Step, ...]) -> Iterator[Progress]:
    """Tell what :func:`run` would do; only reads.

    Raises:
        CardTornError: The card left.
    """
    for number, step in enumerate(steps, 1):
        yield Progress(step.name, number, len(steps), step.is_done())
