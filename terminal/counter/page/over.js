// What slides over the sale: sign-in, payment, search, reasons, help. One dialog; Esc comes back.

import { $, amountOf, call, fade, h, icon, locale, money, quantity, read, t, thousandthsOf, tierColour, whole } from "./base.js";
import { isMute, setMute } from "./sound.js";
import { ago, ask, freshness, holdOrResume, reopen, say, short, sinceMs, till } from "./till.js";

const dialog = $("over");
let kind = "";

export function open(name, title, ...body) {
  kind = name;
  const close = h("button", { class: "square", title: `${t("Close")} (Esc)`, onclick: shut }, icon("close"), h("span", { class: "sr" }, t("Close")));
  dialog.className = name;
  dialog.replaceChildren(h("div", { class: "sheet" }, h("header", {}, h("h2", {}, title), name === "signin" ? null : close), ...body));
  if (!dialog.open) dialog.showModal();
  const first = dialog.querySelector("[data-first]") || dialog.querySelector("input");
  if (first) first.focus();
}

export function shut() {
  kind = "";
  asOther = false;
  if (dialog.open) dialog.close();
}

dialog.addEventListener("cancel", (event) => { if (kind === "signin") event.preventDefault(); });
dialog.addEventListener("close", () => { if (kind === "signin" && !till.signed_in) dialog.showModal(); else kind = ""; });
dialog.addEventListener("click", (event) => { if (event.target === dialog && kind !== "signin") shut(); });

/** A new snapshot: the dialog follows it. */
export function refresh(before) {
  if (!till.signed_in) { if (kind !== "signin") signIn(); return; }
  if (kind === "signin" && !asOther) shut();
  if (kind === "done" && till.sale.state !== "idle") shut();
  if ((kind === "cash" || kind === "external") && till.sale.state === "idle" && before && before.sale.state !== "idle") shut();
  if (kind === "devices") devices();
}

/* ---- keypad ---- */

/** A field with a keypad; `check` hears every change, `take` the Enter. */
export function pad({ label, secret = false, extra = null, check = () => {}, take, start = "", allowed = /^\d*$/, big = false }) {
  const field = h("input", {
    type: secret ? "password" : "text", inputmode: "none", autocomplete: "off", "aria-label": label, value: start, class: big ? "big" : "",
    oninput: () => { if (!allowed.test(field.value)) field.value = was; was = field.value; check(field.value); },
  });
  let was = start;
  return { field, row: h("label", { class: "field" }, h("span", {}, label), field, extra), take };
}

export function keys(target, point) {
  const press = (text) => {
    const field = target();
    field.value = text === "⌫" ? field.value.slice(0, -1) : field.value + text;
    field.dispatchEvent(new Event("input"));
    field.focus();
  };
  return h("div", { class: "keys" }, [..."789456123", point, "0", "⌫"].map((text) =>
    h("button", { type: "button", tabindex: "-1", class: text === "⌫" ? "soft" : "", "aria-label": text === "⌫" ? t("Delete") : text, onclick: () => press(text) },
      text === "⌫" ? icon("back") : text)));
}

export const form = (submit, ...children) => h("form", { method: "dialog", onsubmit: (event) => { event.preventDefault(); submit(); } }, ...children);
export const go = (text, extra = {}) => h("button", { class: "main wide", ...extra }, text);

/* ---- signing in ---- */

let asOther = false;

export function changeOperator() {
  asOther = true;
  signIn(true);
}

function signIn(mayClose = false) {
  asOther = mayClose;
  let active = null;
  const trouble = h("p", { class: "trouble", role: "alert" });
  const number = pad({ label: t("Operator number") });
  const pin = pad({ label: t("PIN"), secret: true });
  number.field.dataset.first = "";
  for (const each of [number, pin]) each.field.addEventListener("focus", () => (active = each.field));
  const submit = async () => {
    if (!pin.field.value) return pin.field.focus();
    const fields = { operator: number.field.value, pin: pin.field.value };
    const { ok, answer } = await call("POST", "/session", fields);
    if (ok) { asOther = false; kind = ""; dialog.close(); return reopen(); }
    if (answer.refused === "pin-must-change") return newPin(fields, answer.message);
    trouble.textContent = answer.message || t("Wrong number or PIN.");
    pin.field.value = "";
    pin.field.focus();
  };
  const hint = till && till.virtual.length ? h("p", { class: "hint" }, t("Demonstration: 1001 is a cashier, 9001 a supervisor. Their first PINs stand where the till was started.")) : null;
  open(mayClose ? "signin other" : "signin", t("Sign in"),
    form(submit, h("div", { class: "cols" }, h("div", { class: "col" },
      h("div", { class: "brand" }, h("span", { class: "mark" }, icon("tally")), h("div", {}, h("b", {}, till ? till.title : "Tallypoint"), h("span", {}, till ? till.terminal : ""))),
      number.row, pin.row, trouble, hint), keys(() => active || number.field, "")), go(t("Sign in"))));
  if (mayClose) kind = "other";
}

function newPin(known, message) {
  let active = null;
  const trouble = h("p", { class: "trouble", role: "alert" }, message);
  const first = pad({ label: t("New PIN, 4 to 12 digits"), secret: true });
  const again = pad({ label: t("The same once more"), secret: true });
  first.field.dataset.first = "";
  for (const each of [first, again]) each.field.addEventListener("focus", () => (active = each.field));
  const submit = async () => {
    if (!again.field.value) return again.field.focus();
    if (first.field.value !== again.field.value) { again.field.value = ""; trouble.textContent = t("The two are not the same. Type them again."); return; }
    const { ok, answer } = await call("POST", "/session/pin", { ...known, new_pin: first.field.value });
    if (!ok) { trouble.textContent = answer.message; first.field.value = again.field.value = ""; first.field.focus(); return; }
    const session = await call("POST", "/session", { operator: known.operator, pin: first.field.value });
    if (session.ok) { asOther = false; kind = ""; dialog.close(); reopen(); }
    else signIn();
  };
  open("signin", t("Choose your own PIN"), form(submit, h("div", { class: "cols" }, h("div", { class: "col" }, first.row, again.row, trouble), keys(() => active || first.field, "")), go(t("Save and sign in"))));
}

function changePin() {
  const operator = till.operator.number;
  const old = pad({ label: t("Present PIN"), secret: true });
  old.field.dataset.first = "";
  open("pin", t("Change PIN"), form(() => newPin({ operator, pin: old.field.value }, ""), h("div", { class: "cols" }, h("div", { class: "col" }, old.row), keys(() => old.field, "")), go(t("Next"))));
}

/* ---- payment ---- */

const NOTES = [500, 1000, 2000, 5000, 10000];

function quickAmounts(missing) {
  const rounded = NOTES.map((note) => Math.ceil(missing / note) * note).filter((amount) => amount > missing);
  return [...new Set(rounded)].sort((a, b) => a - b);
}

export function cash() {
  const missing = till.sale.state === "due" ? till.sale.missing : till.sale.cash_total ?? till.sale.quote.total;
  const change = h("output", { class: "fade" });
  const label = h("span", {}, t("Change"));
  const show = (text) => {
    const given = text === "" ? missing : amountOf(text);
    const rest = given === null ? 0 : given - missing;
    label.textContent = rest < 0 ? t("Still to pay") : t("Change");
    fade(change, money(Math.abs(rest)));
  };
  const take = (amount) => { if (amount !== null) { shut(); ask("POST", "/sale/tenders", { type: "cash", amount }); } };
  const given = pad({ label: t("Received"), big: true, allowed: /^\d{0,8}(\.\d{0,2})?$/, check: show });
  given.field.placeholder = money(missing);
  given.field.dataset.first = "";
  const quick = h("div", { class: "quick" }, h("button", { type: "button", class: "exact", onclick: () => take(missing) }, t("Exact"), h("small", {}, money(missing))),
    quickAmounts(missing).map((amount) => h("button", { type: "button", onclick: () => take(amount) }, money(amount).replace(/\.00$/, ""))));
  open("cash", t("Cash"), form(() => take(given.field.value === "" ? missing : amountOf(given.field.value)),
    h("div", { class: "cols" }, h("div", { class: "col" },
      h("div", { class: "figures" }, h("div", {}, h("span", {}, t("To pay")), h("b", {}, money(missing))), h("div", { class: "change" }, label, change)),
      given.row, quick), keys(() => given.field, ".")), go(t("Take cash"))));
  show("");
}

export function external() {
  const missing = till.sale.state === "due" ? till.sale.missing : till.sale.quote.total;
  const amount = pad({ label: t("Amount"), allowed: /^\d{0,8}(\.\d{0,2})?$/, start: money(missing).replace(/,/g, "") });
  const reference = h("input", { autocomplete: "off", maxlength: "64", "data-first": true, "aria-label": t("Number on the slip") });
  let active = reference;
  for (const field of [reference, amount.field]) field.addEventListener("focus", () => (active = field));
  const submit = () => {
    const value = amountOf(amount.field.value);
    if (!reference.value.trim()) return reference.focus();
    if (value === null) return amount.field.focus();
    shut();
    ask("POST", "/sale/tenders", { type: "external", amount: value, reference: reference.value.trim() });
  };
  open("external", t("Card / QR"), form(submit, h("div", { class: "cols" }, h("div", { class: "col" },
    h("p", { class: "hint" }, t("Take the payment on its device, then note the number of its slip here.")),
    h("label", { class: "field" }, h("span", {}, t("Number on the slip")), reference), amount.row), keys(() => active, ".")), go(t("Payment taken"))));
}

/** The sale is paid: change to give, the receipt as a picture, and on to the next. */
export function done(facts) {
  const number = String(facts.receipt || till.last_receipt);
  const picture = h("img", { alt: t("Receipt {number}", { number }), src: `/api/v1/receipts/${number}.png`, onerror: () => asText(picture, number) });
  const button = h("button", { "data-first": true, class: "main", onclick: shut }, t("Next customer"), h("kbd", {}, "Enter"));
  open("done", t("Receipt {number}", { number: short(number) }),
    h("div", { class: "cols" }, h("div", { class: "paper", tabindex: "0", role: "region", "aria-label": t("Receipt {number}", { number }) }, picture),
      h("div", { class: "col" }, h("div", { class: "given" }, h("span", {}, t("Change")), h("b", { class: money(Number(facts.change) || 0).length > 5 ? "long" : "" }, money(Number(facts.change) || 0))),
        h("div", { class: "given small" }, h("span", {}, t("Paid")), h("b", {}, money(Number(facts.total) || 0))),
        h("button", { onclick: () => ask("POST", `/receipts/${number}/print`).then((answer) => answer && say(t("A copy is being printed."))) }, icon("printer"), h("span", {}, t("Print a copy"))), button)));
}

async function asText(picture, number) {
  const response = await fetch(`/api/v1/receipts/${number}.txt`);
  if (response.ok) picture.replaceWith(h("pre", {}, await response.text()));
}

/* ---- finding ---- */

export function find(what) {
  let found = [];
  let at = 0;
  let asked = 0;
  const list = h("ul", { class: "found", role: "listbox" });
  const mark = () => found.length && [...list.children].forEach((row, n) => { row.setAttribute("aria-selected", String(n === at)); if (n === at) row.scrollIntoView({ block: "nearest" }); });
  const take = (each) => { if (!each) return; shut(); each.account ? ask("POST", "/sale/member", { member: each.account }) : ask("POST", "/sale/lines", { code: each.code }); };
  const row = (each) => each.account
    ? h("li", { role: "option", onclick: () => take(each) }, h("span", { class: `dot ${tierColour(each.tier + each.tier_name)}` }), h("b", {}, each.name), h("span", {}, each.phone), h("span", {}, each.account), h("em", {}, each.tier_name))
    : h("li", { role: "option", onclick: () => take(each) }, h("b", {}, each.name), h("span", {}, each.code), h("em", {}, money(each.price)));
  const search = async () => {
    const mine = ++asked;
    const text = field.value.trim();
    const answer = text ? await read(`/${what}?q=${encodeURIComponent(text)}`) : {};
    if (mine !== asked) return;
    found = (answer && answer[what]) || [];
    at = 0;
    list.replaceChildren(...(found.length ? found.map(row) : [h("li", { class: "nothing" }, text ? t("Nothing found. Try fewer letters.") : hints[what])]));
    mark();
  };
  const hints = { goods: t("Name or code of the goods"), members: t("Name, phone or number of the member") };
  const field = h("input", { type: "text", autocomplete: "off", maxlength: "60", placeholder: hints[what], "aria-label": hints[what], "data-first": true, oninput: search,
    onkeydown: (event) => {
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (by) { event.preventDefault(); at = Math.min(Math.max(at + by, 0), found.length - 1); mark(); }
    } });
  const tab = (name, text, key) => h("button", { type: "button", "aria-pressed": String(name === what), onclick: () => find(name) }, text, h("kbd", {}, key));
  open("find", t("Find"), form(() => take(found[at]), h("div", { class: "tabs" }, tab("goods", t("Goods"), "F2"), tab("members", t("Members"), "F3")), field, list,
    what === "goods" ? h("button", { type: "button", class: "soft wide", onclick: amountOnly }, icon("plus"), h("span", {}, t("Sell an amount without a code"))) : null));
  search();
}

function amountOnly() {
  const name = h("input", { autocomplete: "off", maxlength: "60", "aria-label": t("Name"), placeholder: t("Sundries") });
  const price = pad({ label: t("Price"), big: true, allowed: /^\d{0,8}(\.\d{0,2})?$/ });
  price.field.dataset.first = "";
  let active = price.field;
  for (const field of [name, price.field]) field.addEventListener("focus", () => (active = field));
  const submit = () => { const unitPrice = amountOf(price.field.value); if (unitPrice) { shut(); ask("POST", "/sale/lines", { name: name.value.trim() || t("Sundries"), unit_price: unitPrice }); } };
  open("amount", t("Amount without a code"), form(submit, h("div", { class: "cols" }, h("div", { class: "col" }, h("label", { class: "field" }, h("span", {}, t("Name")), name), price.row), keys(() => active, ".")), go(t("Add"))));
}

/* ---- one line ---- */

function onePad(name, title, label, start, allowed, parse, take) {
  const one = pad({ label, big: true, allowed });
  one.field.placeholder = start;
  one.field.dataset.first = "";
  const submit = () => { const value = parse(one.field.value); if (value !== null) { shut(); take(value); } };
  open(name, title, form(submit, h("div", { class: "cols" }, h("div", { class: "col" }, one.row), keys(() => one.field, ".")), go(t("Take over"))));
}

export const quantityPad = (line) => onePad("quantity", line.name, t("Quantity"), quantity(line.quantity), /^\d{0,6}(\.\d{0,3})?$/, thousandthsOf,
  (value) => (value ? ask("PATCH", `/sale/lines/${line.n}`, { quantity: value }) : ask("DELETE", `/sale/lines/${line.n}`)));
export const pricePad = (line) => onePad("price", line.name, t("Price of one"), money(line.unit_price), /^\d{0,8}(\.\d{0,2})?$/, amountOf,
  (value) => ask("PATCH", `/sale/lines/${line.n}`, { unit_price: value }));

export function why(line) {
  let left = line.gross;
  const steps = line.discounts.map((part) => {
    const sentence = part.percent
      ? t("{percent} % of {amount} is paid: {off} off.", { percent: part.percent, amount: money(left), off: money(part.amount) })
      : t("{off} off.", { off: money(part.amount) });
    left -= part.amount;
    return h("li", {}, h("b", {}, part.why), h("em", {}, "−" + money(part.amount)), h("p", {}, sentence), h("small", {}, t("Rule {rule}, version {version}", { rule: part.rule, version: part.version })));
  });
  const points = till.sale.quote.points.why.map((part) => h("li", {}, h("b", {}, part.why), h("em", {}, "+" + whole(part.points)),
    h("p", {}, t("{percent} % of the plain points, for the whole basket; this line's share is {n}.", { percent: part.percent, n: whole(line.points) })),
    h("small", {}, t("Rule {rule}, version {version}", { rule: part.rule, version: part.version }))));
  const shelf = h("li", {}, h("b", {}, t("Shelf price")), h("em", {}, money(line.gross)), h("p", {}, `${quantity(line.quantity)} × ${money(line.unit_price)}`),
    line.unit_price !== line.shelf_price ? h("small", {}, t("Price changed from {amount}", { amount: money(line.shelf_price) })) : null);
  open("why", line.name, h("ol", { class: "reasons" }, shelf, steps, h("li", { class: "sum" }, h("b", {}, t("To pay")), h("em", {}, money(line.net))), points),
    steps.length ? null : h("p", { class: "hint" }, t("No rule takes anything off this line.")));
}

/* ---- the whole sale ---- */

const LARGE = 100_000;

export function callOff() {
  const { quote, tenders } = till.sale;
  const taken = tenders.some((tender) => tender.taken);
  if (quote.total < LARGE && !taken) return ask("POST", "/sale/void");
  return open("sure", t("Call the sale off?"), h("p", {}, taken ? t("A payment was taken already; it must be handed back on its device.") : t("{amount} in the basket.", { amount: money(quote.total) })),
    h("div", { class: "two-ways" }, h("button", { "data-first": true, onclick: shut }, t("Keep it")), h("button", { class: "danger", onclick: () => { shut(); ask("POST", "/sale/void"); } }, t("Call off"))));
}

export function heldList() {
  open("held", t("On hold"), h("ul", { class: "found" }, till.held.map((each, n) => h("li", { tabindex: "0", "data-first": n === 0, onclick: () => { shut(); ask("POST", "/sale/resume", { sale: each.id }); }, onkeydown: (event) => { if (event.key === "Enter") event.currentTarget.click(); } },
    h("b", {}, each.member || t("No member")), h("span", {}, t("{n} lines", { n: each.lines })), h("em", {}, money(each.total))))));
}

/* ---- about the till ---- */

/** How old what the head office sent is; nothing where a shop file gives it. */
function masterAges(fresh) {
  if (!Object.keys(fresh).length) return null;
  const age = (table) => (fresh[table] ? ago(sinceMs(fresh[table])) : t("never"));
  return h("small", {}, t("Goods {age} · members {age2} · hotlist {age3}", { age: age("catalogue"), age2: age("members"), age3: age("hotlist") }));
}

export function devices() {
  const rows = till.devices.map((light) => h("li", { "data-state": light.state }, icon(light.kind), h("div", {}, h("b", {}, light.name), h("span", {}, light.message), light.detail ? h("small", {}, light.detail) : null)));
  const sync = till.sync;
  const words = sync.message || (sync.connected ? t("Connected. What is sold goes there at once.") : t("Selling offline. Nothing is lost; it is sent when the line is back."));
  rows.push(h("li", { "data-state": sync.trouble ? "down" : sync.connected ? "up" : "calm" }, icon("hq"), h("div", {}, h("b", {}, t("Head office")), h("span", {}, words), h("small", {}, `${freshness()} · ${t("{n} entries acknowledged", { n: whole(sync.acknowledged) })}`), masterAges(sync.fresh))));
  open("devices", t("Devices"), h("ul", { class: "states" }, rows));
  past(till.devices.map((light, n) => [light.name, rows[n].querySelector("div")]));
}

/** Below each device what has become of it lately, as far as there is anything but its start. */
async function past(places) {
  const found = await read("/devices");
  if (!found) return;
  const known = new Map(found.devices.map((each) => [each.name, each]));
  for (const [name, place] of places) {
    const { restarts = 0, history = [] } = known.get(name) || {};
    if (!restarts) continue;
    place.append(h("small", {}, t("Restarts: {n}", { n: whole(restarts) })));
    for (const each of history.slice(-PAST_SHOWN).reverse())
      place.append(h("small", {}, `${ago(sinceMs(each.at))}: ${each.up ? t("works") : each.reason}`));
  }
}
const PAST_SHOWN = 3;

const HELP = () => [
  ["0 – 9", t("Type a code or phone number")], ["Enter", t("Take what was typed")], ["3*", t("So many of the next code, or of the chosen line")], ["Esc", t("Cancel")],
  ["F2", t("Find goods")], ["F3", t("Find a member")], ["F4", t("Quantity")], ["F6", t("Hold or resume")], ["F7", t("Price")], ["/", t("Why this price")], ["F8", t("Change operator")],
  ["F9", t("Cash")], ["F10", t("Card / QR")], ["↑ ↓", t("Choose a line")], ["+ −", t("One more, one less")], ["Del", t("Take the line out")], ["Ctrl Z", t("Undo for ten seconds")], ["?", t("This help")],
];

export function help() {
  open("help", t("Keys and help"), h("p", { class: "hint" }, t("Scanner and card reader always work; nothing needs to be chosen first.")),
    h("dl", { class: "keymap" }, HELP().map(([key, text]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, text)))));
}

export function menu() {
  const row = (name, text, act) => h("button", { onclick: act }, icon(name), h("span", {}, text));
  const other = locale === "en" ? "zh-CN" : "en";
  const dark = getComputedStyle(document.documentElement).getPropertyValue("--is-dark").trim() === "1";
  open("menu", t("Menu"), h("div", { class: "entries" },
    row("person", t("Change operator"), changeOperator), row("key", t("Change PIN"), changePin),
    row("plus", t("New member"), () => import("./joining.js").then((joining) => joining.join())),
    till.sale.state === "idle" ? row("hold", t("Resume a basket"), () => { shut(); holdOrResume(); }) : null,
    row(isMute() ? "mute" : "sound", isMute() ? t("Sound is off") : t("Sound is on"), () => { setMute(!isMute()); menu(); }),
    row("sun", dark ? t("Light colours") : t("Dark colours"), () => { setTheme(dark ? "light" : "dark"); menu(); }),
    row("globe", other === "en" ? "English" : "中文", () => location.assign(`?lang=${other}`)),
    row("paper", t("Rules in force"), () => location.assign(`/rules?lang=${locale}`)),
    row("screen", t("Customer display"), () => window.open(`/display?lang=${locale}`, "display", "noopener")),
    row("out", t("Sign out"), async () => { shut(); await ask("DELETE", "/session"); reopen(); })));
}

function setTheme(theme) {
  localStorage.setItem("theme", theme);
  document.documentElement.dataset.theme = theme;
}
if (localStorage.getItem("theme")) document.documentElement.dataset.theme = localStorage.getItem("theme");
