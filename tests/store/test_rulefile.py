"""Rules that are kept ready: made of the same bytes, made anew when anything changed."""

import pytest

from config.faults import ConfigError
from terminal.codec.rulebook import rule_book
from terminal.core.pricing.promotions import PercentOff
from terminal.core.pricing.rules import RuleBook
from terminal.store.rulefile import rules_of
from tests.config.test_rules import GOOD, KNOWN

PLAIN = RuleBook("1", "5", (), None)


def test_what_was_kept_gives_the_same_rules(tmp_path):
    source, kept = tmp_path / "rules.toml", tmp_path / "rules.kept"
    source.write_text(GOOD)
    first = rules_of(source, kept, KNOWN)
    assert kept.exists()
    assert rules_of(source, kept, KNOWN) == first == rules_of(source, tmp_path / "none", KNOWN)
    book = rule_book(first, PLAIN)
    assert (book.version, book.catalogue) == ("7", "5")
    assert book.promotions[0].gives == PercentOff(90)
    assert book.promotions[0].when.hours == ((1320, 1440), (0, 120))


def test_a_changed_file_is_read_anew_and_a_faulty_one_leaves_what_was_kept(tmp_path):
    source, kept = tmp_path / "rules.toml", tmp_path / "rules.kept"
    source.write_text(GOOD)
    rules_of(source, kept, KNOWN)
    before = kept.read_bytes()
    source.write_text(GOOD.replace("percent = 90", "percent = 900"))
    with pytest.raises(ConfigError):
        rules_of(source, kept, KNOWN)
    assert kept.read_bytes() == before
    source.write_text(GOOD.replace("percent = 90", "percent = 80"))
    assert rule_book(rules_of(source, kept, KNOWN), PLAIN).promotions[0].gives == PercentOff(80)


@pytest.mark.parametrize("damage", [b"", b"x" * 100])
def test_damaged_kept_rules_are_made_anew(tmp_path, damage):
    source, kept = tmp_path / "rules.toml", tmp_path / "rules.kept"
    source.write_text(GOOD)
    first = rules_of(source, kept, KNOWN)
    kept.write_bytes(kept.read_bytes()[:32] + damage)
    assert rules_of(source, kept, KNOWN) == first
