"""Judges a page by its looks: whether all fits, is large enough for a finger and has enough contrast."""

from playwright.sync_api import Page, expect

from tests.kit.counter import Counter
from tests.kit.desk import SUPERVISOR_PIN

SIZES = ((800, 480), (1024, 600), (1280, 800), (720, 1280))
CENTIMETRE_PX = 52
"""A centimetre on the 7-inch screen of 800 by 480: 5.2 pixels a millimetre."""
CODES = ("6901234567892", "6902083881405", "6907992100012", "6954767413877")


def sign_in(tab: Page, operator: str = "9001", pin: str = SUPERVISOR_PIN) -> None:
    expect(tab.locator("dialog.signin input").first).to_be_focused()
    tab.keyboard.type(operator)
    tab.keyboard.press("Enter")
    tab.keyboard.type(pin)
    tab.keyboard.press("Enter")
    expect(tab.locator("dialog[open]")).to_have_count(0)
    expect(tab.locator("#operator")).to_contain_text("陈静" if operator == "9001" else "王小明")


def fill(till: Counter) -> None:
    till.sign_in("9001", SUPERVISOR_PIN)
    till.call("POST", "/sale/void")
    for code in CODES:
        till.call("POST", "/sale/scan", text=code)
    till.call("POST", "/sale/member", member="100001")


def misfits(tab: Page) -> list[str]:
    """Return what does not fit the screen, and every button too small for a finger."""
    return [*tab.evaluate(OVERFLOWS), *tab.evaluate(SMALL, CENTIMETRE_PX - 2)]


def faint(tab: Page) -> list[list[str]]:
    """Return every text whose contrast with what lies behind it is below 4.5 (WCAG 2.1, AA)."""
    found: list[list[str]] = tab.evaluate(CONTRAST)
    return found


OVERFLOWS = """() => {
  const wrong = [], box = { w: innerWidth, h: innerHeight };
  const root = document.querySelector('dialog[open]') || document.body;
  for (const element of root.querySelectorAll('button, output, h2, p, dd, dt, b, input, .light em')) {
    const seen = element.getBoundingClientRect();
    if (!seen.width || element.closest('#tray, #lines, .found, .sheet, .sprite')
        && !element.matches('.sheet > form > button, .keys button')) continue;
    if (getComputedStyle(element).visibility === 'hidden') continue;
    if (seen.left < -1 || seen.top < -1 || seen.right > box.w + 1 || seen.bottom > box.h + 1)
      wrong.push('outside: ' + element.outerHTML.slice(0, 90));
    if (element.matches('button:not(.lights)') && element.scrollWidth > element.clientWidth + 2)
      wrong.push('cut: ' + element.outerHTML.slice(0, 90));
  }
  if (document.documentElement.scrollWidth > box.w) wrong.push('the page scrolls sideways');
  if (document.documentElement.scrollHeight > box.h) wrong.push('the page scrolls');
  return wrong;
}"""
SMALL = """(least) => [...document.querySelectorAll('button')].filter((button) => {
  const seen = button.getBoundingClientRect();
  return seen.width && !button.disabled && getComputedStyle(button).visibility !== 'hidden'
    && (seen.width < least || seen.height < least);
}).map((button) => button.outerHTML.slice(0, 80) + button.getBoundingClientRect().height)"""
CONTRAST = """() => {
  const channel = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const style = getComputedStyle(each);
      if (style.backgroundImage !== 'none') return parse(style.backgroundImage.split('rgb').pop());
      const colour = parse(style.backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const weak = [];
  for (const element of document.body.querySelectorAll('*')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.getBoundingClientRect().width) continue;
    if (element.closest('.sr, .was, kbd, :disabled')) continue;
    const [front, back] = [light(parse(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    if (ratio < 4.5) weak.push([ratio.toFixed(2), element.outerHTML.slice(0, 90)]);
  }
  return weak;
}"""
