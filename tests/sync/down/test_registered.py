"""A member registered offline outlives the head office's snapshot, which knows nothing of them."""

from contextlib import closing

from terminal.codec.profile import commitment, pack
from terminal.core.profile import MemberRegistered, Profile
from terminal.store.members import Members
from terminal.store.mirror import Mirror
from terminal.store.people import FILE, People
from tests.kit.down import Down
from tests.sync.down import shops

PHONE = "13955550123"


def found_after_a_snapshot(folder) -> bool:
    """Register somebody offline, take the first snapshot over, and look for them."""
    with Down(folder) as down:
        data = pack(Profile("欧阳", PHONE, "", ()), bytes(16))
        with closing(People(down.data / FILE)) as people:
            made = MemberRegistered("S01-T1-000001", "gold", commitment(data))
            people.add(made, down.identity.ledger_id, 1, data)
        down.give(shops.first())
        down.settle()
        with closing(Members.open(down.data / "members.db", lambda _: {})) as members:
            return [each.phone for each in members.by_phone(PHONE)] == [PHONE]


def test_a_snapshot_erases_nobody_who_was_registered_offline(tmp_path):
    assert found_after_a_snapshot(tmp_path)


def test_a_snapshot_that_erases_them_is_noticed(tmp_path, monkeypatch):
    finish = Mirror.finish

    def forgetful(mirror: Mirror, part, rows) -> None:
        """Planted: a snapshot replaces all that the till knows of members."""
        finish(mirror, part, rows)
        (mirror._folder / FILE).unlink(missing_ok=True)

    monkeypatch.setattr(Mirror, "finish", forgetful)

    assert not found_after_a_snapshot(tmp_path)
