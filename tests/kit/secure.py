"""A head office whose tills are enrolled: root, certificates and mosquitto with TLS, made by our commands."""

import contextlib
import io
import re
import signal
from pathlib import Path
from typing import Self

from terminal.app import cli
from tests.kit.broker import Broker
from tests.kit.ports import free_port
from tests.kit.till import HqProcess, TillProcess


def command(*words: str) -> tuple[int, str, str]:
    """Carry out a command of ours; return its exit code and what it said on both channels."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.main(list(words))
    return code, out.getvalue(), err.getvalue()


def done(*words: str) -> str:
    """Carry out a command that must succeed; return what it said."""
    code, out, err = command(*words)
    assert code == 0, err
    return out


class TlsBroker(Broker):
    """mosquitto with the settings that ``broker-config`` wrote."""

    def __init__(self, folder: Path, out: Path, port: int) -> None:
        super().__init__(folder)
        self.port = port
        self._conf.write_text(
            f"persistence false\nuser root\n{(out / 'tallypoint.conf').read_text()}"
        )


class Site:
    """Root, head office and broker; entered, they run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.till_port, self.enrol_port = free_port(), free_port()
        self.out = folder / "broker"
        self.hq = HqProcess(folder / "hq", self.till_port)
        text = self.hq.settings.read_text(encoding="utf-8")
        text = re.sub(r"broker = .*", f'broker = "mqtts://127.0.0.1:{self.till_port}"', text)
        text = text.replace('trust_tills = "first"', 'trust_tills = "enrolled"')
        text += (
            f'pki = "pki"\nreached_as = "127.0.0.1"\ntill_port = {self.till_port}\n'
            f'enrol_port = {self.enrol_port}\nca = "{self.out}/ca.pem"\n'
            f'certificate = "{self.out}/hq.pem"\nkey = "{self.out}/hq.key"\n'
        )
        self.hq.settings.write_text(text, encoding="utf-8")
        done("hq", "root", "--out", str(folder / "root"))
        done("hq", "certify", "--root", str(folder / "root"), "--config", self.config)
        self.write_broker()
        self.broker = TlsBroker(folder, self.out, self.till_port)

    @property
    def config(self) -> str:
        """The head office's settings."""
        return str(self.hq.settings)

    def write_broker(self) -> None:
        """Write the broker's settings anew, as after a revocation."""
        done(
            "hq", "broker-config", "--out", str(self.out), "--installed", str(self.out),
            "--listen", "127.0.0.1", "--config", self.config,
        )  # fmt: skip

    def __enter__(self) -> Self:
        self.broker.start()
        self.hq.__enter__()
        return self

    def __exit__(self, *why: object) -> None:
        self.hq.__exit__(*why)
        self.broker.stop(signal.SIGKILL)

    def token(self, till: str, hours: int = 24) -> str:
        """Return a token for one machine."""
        return done("hq", "enrol", till, "--hours", str(hours), "--config", self.config).split()[0]

    def till(self, folder: str, name: str) -> TillProcess:
        """Return a till that is not enrolled yet."""
        made = TillProcess(self.folder / folder, terminal=name)
        made.tables = [each for each in made.tables if each[0] != "[shop]"]
        made.write_settings()
        return made

    def enrol(self, till: TillProcess, token: str) -> None:
        """Enrol a machine and put what it is told into its settings."""
        said = done("enrol", token, "--config", str(till.settings))
        table = dict(re.findall(r'^(\w+) = "(.*)"$', said, flags=re.MULTILINE))
        till.tables = [each for each in till.tables if each[0] != "[sync]"]
        till.tables.append(("[sync]", table))
        till.write_settings()
