// What all pages share: words, elements, amounts and calls. Amounts are integers and never pass through a float.

const table = JSON.parse(document.getElementById("words").textContent);
export const locale = document.documentElement.lang;

/** A word of the page in its language; `facts` fill the places in braces. */
export function t(english, facts = {}) {
  return (table[english] || english).replace(/\{(\w+)\}/g, (_, name) => facts[name] ?? "");
}

/** An element: `h("button", {class: "x", onclick}, "text", child)`. Text is never read as markup. */
export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child != null && child !== false));
  return made;
}

export const $ = (id) => document.getElementById(id);

/** One of our own icons. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** 4360 → "43.60", with thousands set apart. */
export function money(amount) {
  const digits = String(Math.abs(amount)).padStart(3, "0");
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${amount < 0 ? "−" : ""}${whole}.${digits.slice(-2)}`;
}

/** "43.6" → 4360; null when it is no amount. */
export function amountOf(text) {
  const match = /^(\d{1,9})(?:\.(\d{0,2}))?$/.exec(text);
  return match ? Number(match[1] + (match[2] || "").padEnd(2, "0")) : null;
}

/** 1500 → "1.5" */
export function quantity(thousandths) {
  const rest = String(thousandths % 1000).padStart(3, "0").replace(/0+$/, "");
  return Math.floor(thousandths / 1000) + (rest ? "." + rest : "");
}

/** "1.5" → 1500; null when it is no quantity. */
export function thousandthsOf(text) {
  const match = /^(\d{1,6})(?:\.(\d{0,3}))?$/.exec(text);
  return match ? Number(match[1] + (match[2] || "").padEnd(3, "0")) : null;
}

export const whole = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");

export function drawId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return "p" + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const OUTCOME_TRIES = 4;

/** A changing call. Where the outcome is unknown it asks again with the same id, so it acts once. */
export async function call(method, path, fields = {}) {
  const body = JSON.stringify({ id: drawId(), ...fields });
  const headers = { "content-type": "application/json", "accept-language": locale };
  for (let tries = 1; ; tries++) {
    let response = null;
    try {
      response = await fetch("/api/v1" + path, { method, headers, body });
    } catch {
      /* the till is away: ask again */
    }
    if (response && response.status !== 503 && response.status !== 504) {
      const answer = await response.json().catch(() => ({}));
      return { ok: response.ok, status: response.status, answer };
    }
    if (tries === OUTCOME_TRIES) {
      return { ok: false, status: 0, answer: { refused: "no-answer", message: t("The till does not answer. Look at the basket before you go on.") } };
    }
    await new Promise((go) => setTimeout(go, 300 * tries));
  }
}

export async function read(path) {
  const response = await fetch("/api/v1" + path, { headers: { "accept-language": locale } });
  return response.ok ? response.json() : null;
}

/** The event stream, reopened for ever. `news` gets (kind, value); `line` hears whether it stands. */
export function listen(query, news, line) {
  let source = null;
  let timer = 0;
  const open = () => {
    clearTimeout(timer);
    if (source) source.close();
    source = new EventSource(`/api/v1/events?lang=${locale}${query}`);
    source.onopen = () => line(true);
    source.onerror = () => {
      line(false);
      if (source.readyState === EventSource.CLOSED) timer = setTimeout(open, 1000);
    };
    for (const kind of ["till", "notice", "device"]) {
      source.addEventListener(kind, (event) => news(kind, JSON.parse(event.data)));
    }
  };
  open();
  return open;
}

/** Money that fades from the old amount to the new one instead of jumping. */
export function fade(place, text) {
  const now = place.querySelector(".now");
  if (now && now.textContent === text) return;
  const next = h("span", { class: "now" }, text);
  place.querySelectorAll(".was").forEach((old) => old.remove());
  if (now) {
    now.className = "was";
    now.setAttribute("aria-hidden", "true");
    now.addEventListener("animationend", () => now.remove());
  }
  place.append(next);
}

/** Which of our colours a tier wears. */
export function tierColour(text) {
  if (/gold|金/i.test(text)) return "gold";
  if (/silver|银/i.test(text)) return "silver";
  if (/diamond|platin|black|钻|铂|黑/i.test(text)) return "black";
  return "plain";
}
