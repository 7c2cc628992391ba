"""What goes wrong, one fault at a time: each is done and undone here."""

import random
import shutil
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.kit.till import TillProcess
from tests.outage.link import Mode
from tests.outage.shop import Shop

CLONES_MAX = 1


class Faults:
    """Draws and carries out faults; counts them by name."""

    def __init__(self, shop: Shop, dice: random.Random) -> None:
        self.shop = shop
        self.dice = dice
        self.counts: dict[str, int] = {}
        self.backup: Path | None = None
        self.backups: dict[str, Path] = {}
        self._moment = threading.Event()

    def kill_one(self) -> None:
        """``kill -9`` of one of them all, somewhere inside whatever it does, and start it again."""
        ways: dict[str, Callable[[], None]] = {
            "kill till": self._kill_till, "kill broker": self._kill_broker, "kill hq": self.shop.hq.restart,
        }  # fmt: skip
        if self.shop.postgres:
            ways["kill database"] = self._kill_database
        name = self.dice.choice(list(ways))
        self._moment.wait(self.dice.random() * 0.3)
        ways[name]()
        self._count(name)

    def another(self) -> None:
        """Do something else that goes wrong."""
        deeds = [self._weather, self._clock, self._stranger, self._stranger, self._back_up]
        if self.shop.small_disks:
            deeds.append(self._fill)
        if self.backup is not None:
            deeds.append(self._restore_hq)
        if self.backups:
            deeds.append(self._restore_till)
        if sum(name.endswith("-copy") for name in self.shop.tills) < CLONES_MAX:
            deeds.append(self._clone)
        self.dice.choice(deeds)()

    def heal(self) -> None:
        """Make every link good again."""
        for link in self.shop.links.values():
            link.mode = Mode.GOOD

    def _kill_till(self) -> None:
        self._till()[1].restart()

    def _kill_broker(self) -> None:
        self.shop.broker.stop()
        self.shop.broker.start()

    def _kill_database(self) -> None:
        postgres = self.shop.postgres
        assert postgres is not None
        postgres.kill()
        postgres.start()
        if not self.shop.hq.is_running:  # It may end itself when a commit's outcome is unknown.
            self.shop.hq.restart()

    def _weather(self) -> None:
        name = self.dice.choice(list(self.shop.links))
        mode = self.dice.choice(list(Mode))
        self.shop.links[name].mode = mode
        self._count(f"link {mode.value}")

    def _clock(self) -> None:
        name, _ = self._till()
        self.shop.set_clock(name, self.dice.choice(("+0", "+1d", "-1d")))
        self._count("clock jumps a day")

    def _stranger(self) -> None:
        self._count(f"stranger: {self.shop.stranger.act()}")

    def _fill(self) -> None:
        """Fill a disk to the last byte for a while."""
        names = [name for name in self.shop.tills if not name.endswith("-copy")]
        name = self.dice.choice([*names, "hq"])
        ballast = self.shop.folder / name / "ballast"
        with suppress(OSError), ballast.open("wb") as file:
            while True:
                file.write(bytes(1_000_000))
                file.flush()
        self._moment.wait(1.0)
        ballast.unlink()
        self._start_again()
        self._count("full disk of a till" if name != "hq" else "full disk of the head office")

    def _start_again(self) -> None:
        """Start what a full disk ended, as systemd would."""
        for each in (*self.shop.tills.values(), self.shop.hq):
            if not each.is_running:
                each.restart()

    def _back_up(self) -> None:
        if self.dice.random() < 0.5:
            self._back_up_hq()
            return
        name, till = self._till()
        if name.endswith("-copy"):
            return
        made = till.tallypoint("backup", "--config", str(till.settings))
        assert made.returncode == 0, made.stderr
        self.backups[name] = Path(made.stdout.split(": ")[0])
        self._count("back up till")

    def _back_up_hq(self) -> None:
        self.shop.stand_still()
        if self.backup is not None:
            shutil.rmtree(self.backup)
        self.backup = self.shop.folder / "hq-backup"
        _copy(self.shop.image(), self.backup)
        self.shop.go_on()
        self._count("back up hq")

    def _restore_hq(self) -> None:
        assert self.backup is not None
        self.shop.stand_still()
        shutil.rmtree(self.shop.image())
        _copy(self.backup, self.shop.image())
        self.shop.go_on()
        self._count("hq restored from an old backup")

    def _restore_till(self) -> None:
        name = self.dice.choice(list(self.backups))
        till, seller = self.shop.tills[name], self.shop.sellers[name]
        seller.pause()
        till.kill()
        done = till.tallypoint("restore", str(self.backups[name]), "--config", str(till.settings))
        assert done.returncode == 0, done.stderr
        till.restart()
        seller.resume()
        self._count("till restored")

    def _clone(self) -> None:
        name = self.dice.choice([name for name in self.shop.tills if not name.endswith("-copy")])
        self.shop.clone(name)
        self._count("till cloned")

    def _till(self) -> tuple[str, TillProcess]:
        return self.dice.choice(list(self.shop.tills.items()))

    def _count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1


def _copy(source: Path, target: Path) -> None:
    subprocess.run(
        ["cp", "-a", source, target], check=True
    )  # Keeps owner and modes, as PostgreSQL wants.
