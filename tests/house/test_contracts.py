"""Every import contract is kept by the tree, and seen to fail when one import breaks it."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house.tree import PROJECT

PACKAGES = ("terminal", "drivers", "sync", "config", "tests/cards/sim")
BREACHES = {
    "pure-core": ("terminal/core", "import time"),
    "layers": ("terminal/codec", "import terminal.store"),
    "hq-apart": ("sync/hq", "import drivers"),
    "protocol-blind": ("sync/protocol", "import terminal.core"),
    "peewee-door": ("drivers", "import peewee"),
    "psycopg-door": ("sync/hq/page", "import psycopg"),
    "paho-door": ("sync/uplink", "import paho"),
    "pyscard-door": ("drivers/scanners", "import smartcard"),
    "escpos-door": ("terminal/counter", "import escpos"),
    "drivers-apart": ("drivers/cards", "import drivers.printers"),
    "simulators-apart": ("tests/cards/sim", "import drivers.cards.crypto"),
}
"""The contract, the package that breaks it, and the line that does."""
SETTINGS = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]
LINT = Path(sys.executable).with_name("lint-imports")


def lint(tree: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    asked = [part for contract in contracts for part in ("--contract", contract)]
    return subprocess.run(
        [str(LINT), "--no-logo", "--no-cache", *asked],
        check=False,
        cwd=tree,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(tree), "PATH": "/usr/bin:/bin", "COLUMNS": "200", "LANG": "C.UTF-8"},
    )


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code to break."""
    copy = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        shutil.copytree(
            PROJECT / package,
            copy / package,
            ignore=lambda folder, names: [
                name for name in names if Path(folder, name).is_file() and not name.endswith(".py")
            ],
        )
    # Without it the simulators of the checkout, on the path too, would be part of the same package.
    (copy / "tests/cards/sim/__init__.py").touch()
    shutil.copy(PROJECT / "pyproject.toml", copy)
    return copy


def test_the_tree_keeps_every_contract(tree: Path):
    said = lint(tree)
    assert said.returncode == 0, said.stdout + said.stderr


def test_every_contract_is_broken_here_once():
    assert [contract["id"] for contract in SETTINGS["contracts"]] == list(BREACHES)


@pytest.mark.parametrize("contract", SETTINGS["contracts"], ids=lambda contract: contract["id"])
def test_a_contract_fails_when_one_import_breaks_it(contract, tree: Path):
    package, line = BREACHES[contract["id"]]
    page = min((tree / package).glob("*.py"))  # Its __init__.py, where it has one.
    whole = page.read_text()
    try:
        page.write_text(f"{whole}\n{line}\n")
        said = lint(tree, contract["id"])
    finally:
        page.write_text(whole)
    assert said.returncode == 1, said.stdout + said.stderr
    assert f"{contract['name']} BROKEN" in " ".join(said.stdout.split())
