"""The seam of a simulated card without a reader in between, for tests in plain memory."""

from drivers.api import CardTornError
from drivers.cards.seam import Response, Transmit
from tests.cards.sim.power import PowerLostError
from tests.kit.vcard import PULL, Answers


def transmit_to(card: Answers) -> Transmit:
    """Return the seam of ``card`` without a reader in between; a pulled card stays pulled."""
    gone = False

    def transmit(command: bytes) -> Response:
        nonlocal gone
        if gone:
            raise CardTornError("the card has gone")
        try:
            answer = card(command)
        except PowerLostError:
            answer = PULL
        if isinstance(answer, str):
            gone = True
            raise CardTornError("the card has gone")
        return Response.parse(answer)

    return transmit
