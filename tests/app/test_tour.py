"""``./run --tour`` as a fresh machine runs it, below the installation of packages."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]


def demo(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "terminal.app.demo", *words],
        cwd=TOP, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(("seed", "locale"), [(1, "zh-CN"), (7, "en")])
def test_the_tour_ends_with_the_sale_in_the_head_office(seed, locale):
    toured = demo("--tour", "--seed", str(seed), "--locale", locale)

    assert toured.returncode == 0, toured.stderr
    said = toured.stdout
    assert f"seed {seed}\n" in said
    assert re.search(r"quote +\d+ - [1-9]\d* = \d+ fen, [1-9]\d* points", said)
    assert "会员价" in said
    for word in ("member ", "quote ", "why ", "external ", "restart ", "cash ", "HQ ", "entry "):
        assert word in said
    assert "S01-T1-1-000001" in said
    assert "bytes, equal" in said
    assert left_behind() == []


def test_the_tour_without_a_seed_prints_the_one_it_drew():
    toured = demo("--tour")

    assert toured.returncode == 0, toured.stderr
    seed = toured.stdout.splitlines()[0].removeprefix("seed ")
    assert seed.isdigit()


def left_behind() -> list[str]:
    """The programs of a tour that still run."""
    found = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = command.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if "/tallypoint-" in words and ("terminal.toml" in words or "broker.conf" in words):
            found.append(words)
    return found
