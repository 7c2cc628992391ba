"""The shape of the tree: what lies at the top, how long a file may be, what must stand in none."""

import re
from pathlib import Path

import pytest

from tests.house.tree import PROJECT, text_of, tracked

TOP = {
    "terminal", "drivers", "sync", "config", "tests", "systemd",
    "pyproject.toml", "README.md", "README.zh-CN.md", "CHANGELOG.md", "LICENSE", "run", "test",
}  # fmt: skip
LINES_MAX = 400
CODE = {".py", ".js", ".css", ".html", ".sh", ".c"}
FILES = tracked()
LOCKS = sorted(PROJECT.glob("requirements*.txt"))
# Put together here, so that this file does not hold what it looks for.
MACHINE_PATHS = re.compile("|".join(("/" + "work/", "/root/" + r"\.", "/home/" + "[a-z]")))


def test_the_top_level_is_exactly_what_was_agreed():
    top = {path.parts[0] for path in FILES}
    others = {name for name in top - TOP if not name.startswith(".")}
    assert {
        name for name in others if not re.fullmatch(r"requirements(-dev)?\.(in|txt)", name)
    } == set()
    assert top >= TOP
    assert Path(".ci/run") in FILES


@pytest.mark.parametrize("name", ["run", "test", ".ci/run"])
def test_a_command_can_be_run_as_it_lies_there(name):
    assert (PROJECT / name).stat().st_mode & 0o111
    assert (PROJECT / name).read_text().startswith("#!/bin/bash\n")


def test_ci_runs_what_a_person_runs():
    assert (PROJECT / ".ci/run").read_text() == "#!/bin/bash\nexec ./test\n"


def test_the_licence_is_apache_2():
    assert "Apache License" in (PROJECT / "LICENSE").read_text()
    assert "Version 2.0" in (PROJECT / "LICENSE").read_text()


def test_no_file_of_code_is_longer_than_can_be_read():
    lengths = {
        str(path): len((text_of(path) or "").splitlines()) for path in FILES if path.suffix in CODE
    }
    assert {path: lines for path, lines in lengths.items() if lines > LINES_MAX} == {}


def test_every_package_says_what_may_live_in_it():
    packages = [path for path in FILES if path.name == "__init__.py"]
    assert packages
    silent = [str(path) for path in packages if not (text_of(path) or "").startswith('"""')]
    assert silent == []


def test_nothing_points_into_one_persons_machine():
    found = {
        str(path): found.group()
        for path in FILES
        if (text := text_of(path)) is not None and (found := MACHINE_PATHS.search(text))
    }
    assert found == {}


def test_every_requirement_is_pinned_with_hashes_and_no_lock_names_a_host():
    assert {path.name for path in LOCKS} == {"requirements.txt", "requirements-dev.txt"}
    for path in LOCKS:
        text = path.read_text()
        assert "://" not in text
        assert "--index-url" not in text
        assert "--extra-index-url" not in text
        pins = re.findall(r"^[A-Za-z0-9._-]+(\[[a-z,]+\])?==", text, re.MULTILINE)
        entries = [line for line in text.splitlines() if line and line[0] not in " #-"]
        assert len(pins) == len(entries)
        for entry in text.replace("\\\n", " ").splitlines():
            if entry and entry[0] not in " #-":
                assert "--hash=sha256:" in entry


def test_the_development_lock_holds_what_the_till_is_locked_to():
    pins = [set(re.findall(r"^\S+==\S+", path.read_text(), re.MULTILINE)) for path in LOCKS]
    development, till = pins
    assert till <= development


def test_every_room_has_tests_under_its_name():
    """The rooms of the till, and every other package."""
    rooms = {path.parts[1] for path in FILES if path.parts[0] == "terminal" and len(path.parts) > 2}
    rooms |= {"drivers", "sync", "config", "systemd"}
    tested = {path.parts[1] for path in FILES if path.parts[0] == "tests" and len(path.parts) > 2}
    assert rooms - tested == set()


LINKS = re.compile(r"\]\(([^)#:\s]+)\)")
NAMED = re.compile(r"`((?:terminal|drivers|sync|config|tests|systemd)/[A-Za-z0-9_./-]+)`")


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix == ".md"], ids=str)
def test_what_a_document_points_to_is_there(path: Path):
    text = text_of(path) or ""
    folder = (PROJECT / path).parent
    missing = [link for link in LINKS.findall(text) if not (folder / link).exists()]
    missing += [name for name in NAMED.findall(text) if not (PROJECT / name).exists()]
    assert missing == []


def test_both_readmes_say_the_same_things_in_the_same_order():
    shapes = []
    for name in ("README.md", "README.zh-CN.md"):
        text = (PROJECT / name).read_text("utf-8")
        lines = text.splitlines()
        kinds = [line[: line.find(" ")] for line in lines if line.startswith(("#", "|", "* "))]
        shapes.append(
            (kinds, sorted(NAMED.findall(text)), re.findall(r"^\d\.", text, re.MULTILINE))
        )
    assert shapes[0] == shapes[1]
