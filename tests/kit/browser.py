"""Debian's Chromium for tests of pages, driven by Playwright."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.kit.waiting import PATIENCE_S, until

PROGRAM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

# Its own five seconds are too few for a browser on a busy two-core machine.
expect.set_options(timeout=PATIENCE_S * 1000)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a browser and close it at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=PROGRAM, args=list(FLAGS), timeout=PATIENCE_S * 1000
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def page(
    browser: Browser,
    address: str,
    width: int = 1280,
    height: int = 800,
    *,
    dark: bool = False,
    script: str = "",
) -> Iterator[Page]:
    """Open ``address`` in a window of its own; whatever the page's script throws fails the test.

    ``script`` runs before the page's own.
    """
    context = browser.new_context(
        viewport={"width": width, "height": height},
        reduced_motion="reduce",
        color_scheme="dark" if dark else "light",
    )
    context.add_init_script(script)
    context.set_default_timeout(PATIENCE_S * 1000)
    thrown: list[str] = []
    try:
        tab = context.new_page()
        tab.on("pageerror", lambda fault: thrown.append(str(fault)))
        tab.goto(address)
        yield tab
    finally:
        context.close()
    assert thrown == []


def until_drawn(picture: Locator) -> None:
    """Return once an image has arrived. Asked from here, since the page forbids what Playwright would do."""
    until(lambda: picture.evaluate("image => image.naturalWidth") > 0, "the picture is drawn")
