"""A transmit to a simulated card without a reader: what a driver above the seam is given."""

from dataclasses import dataclass, field

from drivers.api import CardTornError
from drivers.cards.seam import Response
from tests.kit.vcard import Answers


@dataclass
class Link:
    """Sends commands to ``card`` and counts them; a card that is pulled or mute is torn."""

    card: Answers
    commands: list[bytes] = field(default_factory=list)

    def __call__(self, command: bytes) -> Response:
        self.commands.append(command)
        answer = self.card(command)
        if isinstance(answer, str):
            raise CardTornError(answer)
        return Response.parse(answer)
