"""Sound beside the result bar: each has words, an icon and a colour, and silence takes none of them."""

import pytest
from playwright.sync_api import Page, expect

from tests.kit.browser import chromium, page
from tests.kit.counter import counter
from tests.kit.desk import DOUBT
from tests.kit.looks import sign_in

EAR = """
window.heard = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...given) {
  window.heard.push([this.frequency.value, this.type]);
  return start.apply(this, given);
};
"""
"""Notes each tone that is really started, in the browser's own audio."""
WATER, WRONG = "6901234567892", "6901234567893"


@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


@pytest.fixture
def till():
    with counter("en") as running:
        yield running


def typed(tab: Page, text: str) -> None:
    tab.keyboard.type(text)
    tab.keyboard.press("Enter")


def heard(tab: Page) -> list[list[object]]:
    """Return, and forget, the tones since the last time."""
    tones: list[list[object]] = tab.evaluate("window.heard.splice(0)")
    return tones


def shown(tab: Page) -> tuple[str | None, str | None, str]:
    """Return level, icon and words of the result bar."""
    bar = tab.locator("#result")
    return (
        bar.get_attribute("data-level"),
        tab.locator("#resulticon").get_attribute("href"),
        tab.locator("#said").inner_text(),
    )


def test_good_doubtful_and_bad_news_sound_unlike_and_each_is_written_as_well(browser, till):
    with page(browser, till.address, script=EAR) as tab:
        sign_in(tab)
        heard(tab)
        tab.keyboard.press("F9")
        expect(tab.locator("#result")).to_have_attribute("data-level", "warn")
        warn, warn_shown = heard(tab), shown(tab)
        tab.locator("#tray .mini").nth(0).click()
        expect(tab.locator("#result")).to_have_attribute("data-level", "good")
        good, good_shown = heard(tab), shown(tab)
        typed(tab, WRONG)
        expect(tab.locator("#result")).to_have_attribute("data-level", "bad")
        bad, bad_shown = heard(tab), shown(tab)

    sounds = [tuple(map(tuple, each)) for each in (good, warn, bad)]
    assert all(sounds)
    assert len(set(sounds)) == 3
    assert [each[:2] for each in (good_shown, warn_shown, bad_shown)] == [
        ("good", "#i-good"), ("warn", "#i-warn"), ("bad", "#i-bad"),
    ]  # fmt: skip
    assert "金卡" in good_shown[2]
    assert warn_shown[2] == "Scan goods first."
    assert WRONG in bad_shown[2]


def test_without_sound_all_is_still_shown_and_the_setting_survives_a_reload(browser, till):
    with page(browser, till.address, script=EAR) as tab:
        sign_in(tab)
        tab.locator("#menu").click()
        tab.locator("dialog.menu button", has_text="Sound is on").click()
        expect(tab.locator("dialog.menu")).to_contain_text("Sound is off")
        tab.keyboard.press("Escape")
        tab.reload()
        expect(tab.locator("#operator")).to_contain_text("陈静")
        heard(tab)
        typed(tab, WRONG)

        expect(tab.locator("#result")).to_have_attribute("data-level", "bad")
        assert WRONG in shown(tab)[2]
        assert heard(tab) == []


def test_a_device_that_fails_is_heard_and_stays_to_be_seen(browser, till):
    with page(browser, till.address, script=EAR) as tab:
        sign_in(tab)
        heard(tab)
        tab.locator("#tray .odd", has_text="Paper out").click()

        expect(tab.locator("#result")).to_have_attribute("data-level", "bad")
        assert heard(tab) != []
        expect(tab.locator(".light[data-state=down]")).to_contain_text("out of paper")


def test_what_is_said_is_read_out_to_those_who_do_not_see_it(browser, till):
    with page(browser, till.address, script=EAR) as tab:
        sign_in(tab)
        said = tab.get_by_role("status").filter(has=tab.locator("xpath=self::*[@id='said']"))
        expect(said).to_have_attribute("aria-live", "polite")
        till.desk.show(doubts=(DOUBT,))
        expect(tab.locator(".strip")).to_have_attribute("role", "status")


def test_every_colour_of_the_bar_has_its_own_icon_so_that_nobody_must_tell_red_from_green(
    browser, till
):
    with page(browser, till.address) as tab:
        drawn = {
            name: tab.locator(f"#i-{name}").inner_html()
            for name in ("good", "warn", "bad", "tally")
        }

    assert len(set(drawn.values())) == 4
