"""Somebody becomes a member at the counter: profile beside the ledger first, then the record."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from terminal.app.edges import Edges
from terminal.app.perform import Performer
from terminal.codec.profile import SALT_BYTES, BadProfileError, commitment, pack
from terminal.core.cards import CODE_PREFIX, parse_code
from terminal.core.profile import MemberRegistered, Profile
from terminal.core.refusal import Key, Refusal, refuse
from terminal.core.till import SUPERVISOR, Operator
from terminal.counter.desk import Answer, Done
from terminal.counter.joining import RegisterMember
from terminal.store.calls import CallKey
from terminal.store.people import FILE, People

ACCOUNT_CHARS_MAX = 31


@dataclass(frozen=True, slots=True)
class Registering:
    """Registers members; the loop's."""

    edges: Edges
    performer: Performer
    draw: Callable[[int], bytes] = os.urandom

    def register(self, asked: RegisterMember, actor: Operator | None, key: CallKey) -> Answer:
        """Register a member.

        Raises:
            LedgerError: It could not be posted.
        """
        if asked.is_shared and (actor is None or actor.role != SUPERVISOR):
            return refuse(Key.SUPERVISOR_ONLY)
        media = _media(asked.card)
        refused = media if isinstance(media, Refusal) else self._objection(asked, media)
        if isinstance(refused, Refusal):
            return refused
        assert not isinstance(media, Refusal)
        profile = Profile(asked.name.strip(), asked.phone, asked.birthday, media)
        try:
            data = pack(profile, self.draw(SALT_BYTES))
        except BadProfileError:
            return refuse(Key.MEMBER_MALFORMED)
        ledger, tier = self.edges.ledger, asked.tier or self.edges.look.members.first_tier()
        seq = ledger.head_seq + 1
        made = MemberRegistered(self._account(seq), tier, commitment(data))
        self._keep(made, seq, data)
        self.performer.post(made, (), (), actor.number if actor else "", key)
        return Done({"seq": seq, "member": made.account})

    def _keep(self, made: MemberRegistered, seq: int, data: bytes) -> None:
        people = People(self.edges.older.folder / FILE)
        try:
            people.erase([made.account])  # Of a record that was never posted.
            people.add(made, self.edges.ledger.ledger_id, seq, data)
        finally:
            people.close()

    def _objection(self, asked: RegisterMember, media: tuple[str, ...]) -> Refusal | None:
        look = self.edges.look
        if not asked.name.strip() or not (asked.phone or media):
            return refuse(Key.MEMBER_MALFORMED)
        if asked.tier and look.members.tier_name(asked.tier) == asked.tier:
            return refuse(Key.MEMBER_MALFORMED)
        if asked.phone and look.members_by_phone(asked.phone) and not asked.is_shared:
            return refuse(Key.PHONE_KNOWN)
        for medium in media:
            if look.is_lost(medium) or look.member_by_medium(medium) is not None:
                return refuse(Key.CARD_TAKEN)
        return None

    def _account(self, seq: int) -> str:
        """Return an account number that no other till gives out, whether it ever was online or not."""
        edges = self.edges
        name = f"{edges.terminal}-{edges.ledger.ordinal}-{seq}"
        return name if len(name) <= ACCOUNT_CHARS_MAX else f"{edges.ledger.ledger_id}-{seq}"


def _media(card: str) -> tuple[str, ...] | Refusal:
    if not card:
        return ()
    if card.startswith(CODE_PREFIX):
        number = parse_code(card)
        return number if isinstance(number, Refusal) else (f"card:{number}",)
    return (card if ":" in card else f"card:{card}",)
