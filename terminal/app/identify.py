"""Who stands at the counter: a card on a reader, or a scanned text that may be a tag's signed address.

A signed tap is used up here, once and for good, whatever becomes of it: shown again it is a copy.
"""

import logging

from drivers.api import CardImage
from terminal.app import translate
from terminal.app.edges import Edges
from terminal.core import scan
from terminal.core.refusal import Key, Refusal, refuse
from terminal.core.till import Event
from terminal.counter import desk
from terminal.store.errors import CommitUnknownError, LedgerError

log = logging.getLogger(__name__)


def card(image: CardImage, edges: Edges) -> Event | Refusal:
    """Return the event of a card on a reader.

    Raises:
        CommitUnknownError: The disk failed; the process must end.
    """
    if image.tap is not None and image.trouble is None:
        try:
            is_new = edges.ledger.take_tap(image.tap.tag, image.tap.counter)
        except CommitUnknownError:
            raise
        except LedgerError as error:
            log.warning("a tap is not remembered: %s", error)
            return refuse(Key.DISK_FULL)
        if not is_new:
            log.warning("a tap of tag %s is shown again", image.tap.tag.hex())
            return refuse(Key.CARD_REPLAYED)
    return translate.card(image, edges.look)


def scanned(text: str, edges: Edges) -> Event | Refusal:
    """Return the event of a scanned or typed code.

    Raises:
        CommitUnknownError: The disk failed; the process must end.
    """
    image = edges.read_address(scan.bare(text))
    return translate.scanned(text, edges.look) if image is None else card(image, edges)


def called(action: desk.Action, edges: Edges) -> Event | Refusal:
    """Return the event that an API call asks for.

    Raises:
        CommitUnknownError: The disk failed; the process must end.
    """
    if isinstance(action, desk.ScanText):
        return scanned(action.text, edges)
    return translate.called(action, edges.look)
