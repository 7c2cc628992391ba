"""The till's composition root: from a settings file to a running till, and down again in order.

The main thread waits for a signal and does nothing else; the loop has its own thread and owns the ledger.
READY is said when the page answers, the ledger's tail is verified and the drivers run.
"""

import logging
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from config.faults import ConfigError, render_all
from config.load import listen_of, load
from config.schema import Terminal
from sync import notify
from terminal.app.signals import until_told
from terminal.store.errors import CommitUnknownError, LedgerError
from terminal.store.swap import MasterDataError

STOPPED, FAILED, BAD_SETTINGS = 0, 1, 78
SWITCH_S = 0.0005
"""How long a thread may keep the interpreter while another waits: the printer's thread waits for the
loop's and the page's, and a receipt must not."""
_JOIN_S = 10.0
_LOOK_EVERY_S = 0.5

log = logging.getLogger(__name__)


def run(path: Path) -> int:
    """Run the till with the settings in ``path`` until told to stop; return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    sys.setswitchinterval(SWITCH_S)
    told = until_told()
    try:
        settings = load(path)
    except ConfigError as error:
        sys.stderr.write(render_all(error.faults) + "\n")
        return _fault_page(error, listen_of(path), told)
    return _Till(settings, told).run()


def _fault_page(error: ConfigError, listen: str, told: threading.Event) -> int:
    """Show what is wrong with the settings on the page, as long as nobody stops us."""
    from terminal.counter.fault import serve_faults  # noqa: PLC0415 - only when there are faults.
    from terminal.counter.server import ListenError, bind  # noqa: PLC0415

    try:
        listener = bind(listen)
    except ListenError as fault:
        log.critical("no page either: %s", fault)
        return BAD_SETTINGS
    with listener:
        serve_faults(error.faults, (), listener, notify.ready, told, notify.watchdog)
    return STOPPED


@dataclass(slots=True)
class _Till:
    settings: Terminal
    told: threading.Event
    code: int = STOPPED

    def run(self) -> int:
        from terminal.app import wire  # noqa: PLC0415 - a till with bad settings needs none of it.

        try:
            parts = wire.assemble(self.settings)
        except ConfigError as error:
            sys.stderr.write(render_all(error.faults) + "\n")
            return _fault_page(error, self.settings.counter.listen, self.told)
        except (wire.StartError, LedgerError) as error:
            log.critical("%s", error)
            return FAILED
        loop = threading.Thread(target=self._serve, args=(parts,), name="loop")
        loop.start()
        page = threading.Thread(target=self._page, args=(parts,), name="page")
        page.start()
        while not self.told.wait(_LOOK_EVERY_S):
            parts.feed.look_after_loop()
        parts.stop()
        page.join(_JOIN_S)
        loop.join(_JOIN_S)
        return self.code

    def _serve(self, parts: "wire.Parts") -> None:  # type: ignore[name-defined]  # noqa: F821
        try:
            parts.serve(notify.watchdog)
        except (LedgerError, CommitUnknownError, MasterDataError) as error:
            log.critical("%s", error)
            self.code = FAILED
        except BaseException:
            self.code = FAILED
            log.exception("a bug ended the loop")
            raise
        finally:
            self.told.set()
            parts.opened.set()

    def _page(self, parts: "wire.Parts") -> None:  # type: ignore[name-defined]  # noqa: F821
        from terminal.app.wire import ListenError  # noqa: PLC0415

        parts.opened.wait()  # The first page that anybody sees is the till as it was left.
        if self.told.is_set():
            return
        try:
            parts.serve_page(notify.ready)
        except ListenError as error:
            log.critical("cannot start: %s", error)
            self.code = FAILED
        except BaseException:
            self.code = FAILED
            log.exception("a bug ended the page")
            raise
        finally:
            self.told.set()
