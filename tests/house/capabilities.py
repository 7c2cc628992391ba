"""The tables of capabilities in both READMEs, made from tests/acceptance.toml.

``python -m tests.house.capabilities --write`` puts them there; ``--open`` prints what is not done.
"""

import sys
from pathlib import Path

from tests.house.acceptance import Capability, Row, read
from tests.house.tree import PROJECT

BEGIN = "<!-- capabilities: made from tests/acceptance.toml -->"
END = "<!-- end of capabilities -->"
READMES = {"en": PROJECT / "README.md", "zh": PROJECT / "README.zh-CN.md"}
HEADS = {
    "en": ("", "Can do", "Claims shown by a test", "Still to come"),
    "zh": ("", "能力", "已有测试证明", "尚待完成"),
}


def table(language: str) -> str:
    """Return the table in ``language`` ("en" or "zh") as Markdown."""
    capabilities, rows = read()
    lines = [f"| {' | '.join(HEADS[language])} |", "|---|---|---|---|"]
    lines += [_line(each, rows, language) for each in capabilities]
    return "\n".join(lines)


def _line(each: Capability, rows: tuple[Row, ...], language: str) -> str:
    states = [row.state for row in rows if each.id in row.capabilities]
    name, later = (each.en, each.later_en) if language == "en" else (each.zh, each.later_zh)
    word = "of" if language == "en" else "/"
    return f"| {each.id} | {name} | {states.count('done')} {word} {len(states)} | {later} |"


def with_table(readme: Path, language: str) -> str:
    """Return the text of ``readme`` with its table as it should be."""
    before, _, rest = readme.read_text("utf-8").partition(BEGIN)
    _, mark, after = rest.partition(END)
    assert mark, f"{readme.name} has no place for the table"
    return f"{before}{BEGIN}\n{table(language)}\n{END}{after}"


def unfinished() -> str:
    """Return every row that is not done, and how many are."""
    _, rows = read()
    lines = [f"{row.state:8} {row.id:10} {row.requirement}" for row in rows if row.state != "done"]
    done = len(rows) - len(lines)
    return "\n".join([f"=== done: {done} of {len(rows)} claims; not yet:", *lines])


def main() -> None:
    if "--open" in sys.argv:
        print(unfinished())
        return
    for language, readme in READMES.items():
        if "--write" in sys.argv:
            readme.write_text(with_table(readme, language), "utf-8")
        else:
            print(table(language))


if __name__ == "__main__":
    main()
