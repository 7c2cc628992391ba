"""Boots a whole Debian in systemd-nspawn with the till's unit in it and runs a visit there.

The base root is made once by mmdebstrap and kept; every boot works on a memory overlay of it, with
a private network, so that boots neither leave traces nor meet each other's ports. Needs root, Debian's
`systemd-container` and `mmdebstrap`, and a kernel that lets root mount: a container without
`CAP_SYS_ADMIN` cannot boot a machine, and is told so.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).parents[2]
BASE = Path(os.environ.get("XDG_CACHE_HOME", "/var/cache")) / "tallypoint-boot/bookworm-2"
PACKAGES = "systemd,systemd-sysv,dbus,python3-minimal,libpython3-stdlib,tzdata,mosquitto"
BOOT_SECONDS_MAX = 400
STOP_SECONDS_MAX = 60

# systemd-nspawn wants to stand at the top of its mount namespace: in a chroot, where these tests may
# run, it cannot change how `/` is shared, and the kernel refuses its units their user namespaces.
# So: a mount namespace of its own, out to its top by entering it, our root mounted over that top,
# and in again.
_OUT = 'exec 9</; exec nsenter --mount=/proc/self/ns/mnt sh -c "$0" "$@"'
_IN = (
    "mount --make-rslave / && mount --rbind /proc/self/fd/9 /"
    ' && exec nsenter --mount=/proc/self/ns/mnt "$0" "$@" 9<&-'
)
AT_THE_TOP = ("unshare", "--mount", "--propagation=unchanged", "sh", "-c", _OUT, _IN)

UNIT_OF = {"terminal.toml": "tallypoint", "hq.toml": "tallypoint-hq"}
RUN_VISIT = """\
[Unit]
After=multi-user.target
[Service]
Type=oneshot
WorkingDirectory=/opt/tallypoint/src
Environment=PYTHONDONTWRITEBYTECODE=1
ExecStart=/bin/sh -c '/usr/bin/python3 -m {visit} >/visit/answer.tmp 2>&1; \\
  echo "exit $?" >>/visit/answer.tmp; \\
  journalctl --no-pager -u tallypoint -u tallypoint-hq >/visit/journal; \\
  mv /visit/answer.tmp /visit/answer; systemctl --no-block poweroff'
[Install]
WantedBy=default.target
"""


class BootError(Exception):
    """The machine did not come up or did not answer in time; holds its console."""


def base() -> Path:
    """The Debian root that boots share, made if it does not exist. Takes about 20 s once."""
    BASE.parent.mkdir(parents=True, exist_ok=True)
    with (BASE.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not BASE.exists():
            half = BASE.with_name(BASE.name + ".half")
            shutil.rmtree(half, ignore_errors=True)
            command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}"]
            subprocess.run([*command, "bookworm", half], check=True)
            _quiet(half)
            half.rename(BASE)
    return BASE


def boot(folder: Path, program: str, visit: str, settings: dict[str, str]) -> str:
    """What `visit` (a module that needs the standard library only) said inside the booted machine.

    `program` becomes `/opt/tallypoint/.venv/bin/tallypoint`; `settings` are the files of
    `/etc/tallypoint` by name; the unit of each program that has some starts with the machine. The
    project lies in `/opt/tallypoint/src`, its libraries where the program's Python finds them. Ends
    with a line `exit 0` if the visit went well, and the units' journal.

    Raises:
        BootError: a machine cannot be booted here, or did not answer within `BOOT_SECONDS_MAX`.
    """
    root, answer = folder / "root", folder / "visit/answer"
    answer.parent.mkdir(parents=True)
    _must_be_able_to_boot()
    with _overlay(folder):
        _furnish(root, program, visit, settings)
        with (folder / "console").open("wb") as console:
            machine = subprocess.Popen(
                _nspawn(root, folder), stdin=subprocess.DEVNULL, stdout=console, stderr=console
            )
            try:
                _wait(machine, answer)
            finally:
                _stop(machine)
    if not answer.exists():
        raise BootError((folder / "console").read_text(errors="replace")[-4000:])
    journal = folder / "visit/journal"
    return answer.read_text() + (journal.read_text() if journal.exists() else "")


def _must_be_able_to_boot() -> None:
    """Say in words what is missing, rather than in the words of the first program that fails."""
    asked = subprocess.run([*AT_THE_TOP, "true"], capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        raise BootError(
            "no machine can be booted here, so nothing is known of the units in a running systemd:"
            f" sandbox, READY, watchdog, restart. It needs root with the right to mount. {asked.stderr}"
        )


def _nspawn(root: Path, folder: Path) -> list[str]:
    libraries = sysconfig.get_paths()["purelib"]
    return [
        *AT_THE_TOP,
        "systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--private-network",
        "--resolv-conf=off", "--timezone=off", "--link-journal=no", "--console=pipe",
        f"--machine=till-{os.getpid()}", f"--directory={root}",
        f"--bind={folder / 'visit'}:/visit",
        f"--bind-ro={PROJECT}:/opt/tallypoint/src",
        f"--bind-ro={libraries}:/opt/tallypoint/.venv/lib/python3.11/site-packages",
    ]  # fmt: skip


@contextmanager
def _overlay(folder: Path) -> Iterator[None]:
    """`folder`/root: the base, with every change kept in memory."""
    memory, root = folder / "memory", folder / "root"
    memory.mkdir()
    root.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", memory], check=True)
    try:
        (memory / "upper").mkdir(mode=0o755)
        (memory / "work").mkdir()
        options = f"lowerdir={base()},upperdir={memory / 'upper'},workdir={memory / 'work'}"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, root], check=True)
        try:
            yield
        finally:
            subprocess.run(["umount", "--lazy", root], check=True)
    finally:
        subprocess.run(["umount", "--lazy", memory], check=True)


def _furnish(root: Path, program: str, visit: str, settings: dict[str, str]) -> None:
    """Puts program, settings, units and the visit into the root."""
    subprocess.run([PROJECT / "systemd/install", root], check=True, capture_output=True)
    folder = root / "opt/tallypoint/.venv/bin"
    folder.mkdir(parents=True)
    (folder / "python3").symlink_to("/usr/bin/python3")
    (folder.parent / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11\n")
    (folder / "tallypoint").write_text(program)
    (folder / "tallypoint").chmod(0o755)
    for name, text in settings.items():
        (root / "etc/tallypoint" / name).write_text(text)
    units = root / "etc/systemd/system"
    (units / "visit.service").write_text(RUN_VISIT.format(visit=visit))
    wanted = [(unit, "multi-user") for name, unit in UNIT_OF.items() if name in settings]
    for unit, target in (*wanted, ("visit", "default")):
        wants = units / f"{target}.target.wants"
        wants.mkdir(exist_ok=True)
        (wants / f"{unit}.service").symlink_to(f"../{unit}.service")


def _quiet(root: Path) -> None:
    """Takes out of the base what a boot of seconds has no use for."""
    for unit in (
        "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer",
        "e2scrub_reap.service", "console-getty.service", "systemd-logind.service",
    ):  # fmt: skip
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")
    (root / "etc/systemd/system/default.target").symlink_to(
        "/usr/lib/systemd/system/multi-user.target"
    )


def _wait(machine: subprocess.Popen[bytes], answer: Path) -> None:
    """Until the visit has answered, the machine has ended, or time is up."""
    deadline = time.monotonic() + BOOT_SECONDS_MAX
    while not answer.exists() and time.monotonic() < deadline:
        try:
            machine.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            continue
        return


def _stop(machine: subprocess.Popen[bytes]) -> None:
    try:
        machine.wait(timeout=STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        machine.send_signal(signal.SIGKILL)
        machine.wait()
