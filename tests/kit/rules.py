"""A till whose prices come from a rules file."""

from tests.kit.till import TillProcess

FILE = "rules.toml"


def with_rules(till: TillProcess, rules: str) -> TillProcess:
    """Return ``till`` with these rules in force from its next start."""
    (till.folder / FILE).write_text(rules, encoding="utf-8")
    till.tables = [
        (head, {**table, "rules": FILE} if head == "[shop]" else table)
        for head, table in till.tables
    ]
    till.write_settings()
    return till
