"""What ./run and ./test do on a machine that lacks something."""

import subprocess

from tests.house.tree import PROJECT

NOBODY = 65534
MACHINE = (PROJECT / "systemd/machine.sh").read_text()


def need(*packages: str, user: int | None = None) -> subprocess.CompletedProcess[str]:
    """Ask for Debian packages on a machine where there is no sudo."""
    # Handed over as text: nobody may not read a project that lies in somebody's home.
    script = f'set -euo pipefail\n{MACHINE}\nsudo() {{ return 1; }}\nneed "$@"'
    return subprocess.run(
        ["bash", "-c", script, "need", *packages],
        cwd="/",
        check=False,
        capture_output=True,
        text=True,
        user=user,
    )


def test_what_is_there_is_not_installed_again():
    said = need("bash", "coreutils")
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def test_a_user_without_rights_is_told_the_one_line_to_type():
    said = need("bash", "no-such-package", "nor-this-one", user=NOBODY)
    assert said.returncode == 1
    (line,) = [line.strip() for line in said.stderr.splitlines() if "apt-get" in line]
    assert line == (
        "sudo apt-get update && "
        "sudo apt-get install --no-install-recommends no-such-package nor-this-one"
    )
