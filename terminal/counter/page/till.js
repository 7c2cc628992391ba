// The cashier's page: shows what the till says, and puts the cashier's wishes to it. It decides nothing about money.

import { $, call, fade, h, icon, listen, locale, money, quantity, t, thousandthsOf, tierColour, whole } from "./base.js";
import * as over from "./over.js";
import * as account from "./value.js";
import { showTray } from "./tray.js";
import { beep } from "./sound.js";
import { broughtRow } from "./brought.js";
import { stepsBack } from "./undo.js";

export let till = null;
export let chosen = null;
const UNDO_MS = 10_000;
const LONG_MS = 400;
let typed = "";
let clockSkewMs = 0;
let lineStands = true;
let undoSteps = null;
let undoUntil = 0;
let quiet = false; // While undoing, what changes is no new thing to undo.
let calmTimer = 0;
let troubled = ""; // The device whose trouble the bar showed last.

/* ---- the result bar ---- */

/** Show `message` over the full width; `level` is good, warn or bad, or calm for no news. */
export function say(message, level = "good") {
  $("result").dataset.level = level;
  $("resulticon").setAttribute("href", `#i-${level === "calm" ? "tally" : level}`);
  $("said").textContent = message || t("Ready");
  clearTimeout(calmTimer);
  if (level === "calm") return;
  beep(level);
  if (level === "good") calmTimer = setTimeout(() => say("", "calm"), 8000);
}

/** Ask the till for a change and show a refusal. Returns the answer, or null when refused. */
export async function ask(method, path, fields) {
  const { ok, status, answer } = await call(method, path, fields);
  if (ok) return answer;
  if (status === 401) reopen();
  say(answer.message || t("That did not work."), "bad");
  return null;
}

/* ---- drawing ---- */

function draw(next) {
  const before = till;
  till = next;
  clockSkewMs = Date.parse(next.now) - Date.now();
  if (before && before.signed_in && next.signed_in) {
    noteUndo(before.sale, next);
    sayLine(before.sale, next.sale);
  }
  $("shop").textContent = next.title;
  $("operator").textContent = [next.terminal, next.operator ? next.operator.name : t("Nobody is signed in")].join(" · ");
  drawLights();
  drawBasket();
  drawMember();
  drawSums();
  drawStrips();
  $("hold").lastElementChild.textContent = held() ? t("Resume ({n})", { n: next.held.length }) : t("Hold");
  $("hold").disabled = next.sale.state === "due" || (next.sale.state === "idle" && !held());
  $("void").disabled = next.sale.state === "idle";
  showTray(next);
  over.refresh(before);
}

/** The line that came, or grew, since the last snapshot: what the scan just did. */
function sayLine(old, now) {
  if (quiet || now.state !== "open" || (old.id && old.id !== now.id)) return;
  const was = new Map(old.quote.lines.map((line) => [line.n, line.quantity]));
  const come = now.quote.lines.filter((line) => line.quantity > (was.get(line.n) || 0));
  if (come.length !== 1) return; // Taken up again from hold, or nothing new.
  const [line] = come;
  const many = line.quantity === 1000 ? "" : ` × ${quantity(line.quantity)}`;
  say(`${line.name}${many} · ${money(line.net)}`);
}

const held = () => till.sale.state === "idle" && (till.held || []).length > 0;

function drawLights() {
  const lights = till.devices.map((light) =>
    h("span", { class: "light", "data-state": light.state, title: `${light.name}: ${light.message}` },
      icon(light.kind), h("i", {}), h("span", { class: "name" }, light.name),
      light.state === "up" ? null : h("em", {}, light.message)));
  const sync = till.sync;
  const state = sync.trouble ? "down" : sync.connected ? "up" : "calm";
  lights.push(h("span", { class: "light", "data-state": state }, icon("hq"), h("i", {}),
    h("span", { class: "name" }, t("HQ")), h("em", { id: "fresh" }, freshness())));
  $("lights").replaceChildren(...lights);
}

/** How far the head office is behind, in words. */
export function freshness() {
  const { connected, pending, fresh_at: freshAt } = till.sync;
  const parts = [];
  if (!connected) parts.push(t("offline"));
  if (freshAt) parts.push(ago(sinceMs(freshAt)));
  if (pending) parts.push(t("{n} waiting", { n: whole(pending) }));
  return parts.join(" · ") || t("no word yet");
}

/** How long ago a moment of the till's clock is. */
export const sinceMs = (moment) => Date.now() + clockSkewMs - Date.parse(moment);

export function ago(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 5) return t("now");
  if (seconds < 90) return t("{n} s ago", { n: seconds });
  if (seconds < 5400) return t("{n} min ago", { n: Math.round(seconds / 60) });
  return t("{n} h ago", { n: Math.round(seconds / 3600) });
}

const rows = new Map(); // line number → {made, row}: a row is drawn again only when it changed.

function drawBasket() {
  const lines = till.sale.quote.lines;
  const newest = lines.length ? lines[lines.length - 1].n : null;
  const grew = lines.length && !rows.has(newest);
  if (grew || !lines.some((line) => line.n === chosen)) chosen = newest;
  const kept = new Set();
  const list = lines.map((line, place) => {
    kept.add(line.n);
    const made = JSON.stringify([line, line.n === chosen, line.n === newest, till.sale.state, place]);
    let found = rows.get(line.n);
    if (!found || found.made !== made) {
      const fresh = !found && till.sale.state !== "idle";
      found = { made, row: drawLine(line, place + 1, line.n === newest, fresh) };
      rows.set(line.n, found);
    }
    return found.row;
  });
  for (const n of rows.keys()) if (!kept.has(n)) rows.delete(n);
  $("lines").replaceChildren(...list);
  $("empty").hidden = lines.length > 0;
  showChosen();
}

function showChosen() {
  const row = rows.get(chosen);
  if (row) row.row.scrollIntoView({ block: "nearest" });
}
new ResizeObserver(showChosen).observe($("lines")); // A strip that comes takes room from the basket.

function drawLine(line, place, isNewest, isFresh) {
  const isChosen = line.n === chosen && till.sale.state === "open";
  const per = line.quantity === 1000 && line.unit === "piece" ? "" :
    `${quantity(line.quantity)}${line.unit === "kg" ? " kg" : ""} × ${money(line.unit_price)}`;
  const taken = line.discounts.map((part) =>
    h("span", { class: "off" }, `${part.why} −${money(part.amount)}`, icon("why")));
  if (line.unit_price !== line.shelf_price)
    taken.unshift(h("span", { class: "off" }, t("Price changed from {amount}", { amount: money(line.shelf_price) })));
  return h("li", { class: `line${isNewest ? " newest" : ""}${isChosen ? " chosen" : ""}${isFresh ? " fresh" : ""}`, "data-n": line.n },
    h("div", { class: "row", role: "button", tabindex: "0", "aria-pressed": String(isChosen), onclick: () => choose(line.n) },
      h("span", { class: "place" }, String(place)),
      h("span", { class: "what" }, h("b", {}, line.name), h("span", { class: "sub" }, per ? h("span", { class: "per" }, per) : null, taken)),
      h("span", { class: "net" }, money(line.net), line.net !== line.gross ? h("s", {}, money(line.gross)) : null)),
    isChosen ? lineTools(line) : null);
}

function lineTools(line) {
  const button = (name, label, act, extra = {}) =>
    h("button", { title: label, "aria-label": label, onclick: act, ...extra }, icon(name));
  return h("div", { class: "linetools" },
    button("minus", t("One less"), () => step(line, -1000)),
    h("button", { class: "count", title: `${t("Quantity")} (F4)`, onclick: () => over.quantityPad(line) }, quantity(line.quantity)),
    button("plus", t("One more"), () => step(line, 1000)),
    button("tag", `${t("Price")} (F7)`, () => over.pricePad(line)),
    button("why", t("Why this price"), () => over.why(line)),
    button("void", `${t("Take out")} (Del)`, () => takeOut(line)));
}

function drawMember() {
  const who = till.sale.member;
  if (!who || !who.account) {
    $("member").className = "none";
    $("member").replaceChildren(icon("person"),
      h("div", {}, h("b", {}, t("No member")), h("span", {}, t("Tap the card, scan the code, or type the phone number"))),
      h("button", { class: "square", title: `${t("Find a member")} (F3)`, onclick: () => over.find("members") }, icon("find"), h("span", { class: "sr" }, t("Find a member"))));
    return;
  }
  const fact = (label, value, extra) => h("div", {}, h("dt", {}, label), h("dd", {}, value, extra || null));
  const stored = who.bonus ? h("small", {}, ` + ${money(who.bonus)}`) : null;
  $("member").className = `card ${tierColour(who.tier + who.tier_name)}`;
  $("member").replaceChildren(
    h("div", { class: "top" }, h("b", {}, who.name), h("span", { class: "tier" }, who.tier_name),
      h("button", { class: "square", title: t("Without a member"), onclick: () => ask("DELETE", "/sale/member") }, icon("close"), h("span", { class: "sr" }, t("Without a member")))),
    h("dl", {}, account.pointsFact(who), fact(t("Stored"), money(who.stored), stored),
      birthdayNear(who.birthday) ? h("div", { class: "cake" }, icon("cake"), h("span", {}, t("Birthday {day}", { day: who.birthday }))) : null),
    accountLine(who),
    h("div", { class: "foot" }, h("span", {}, who.account), h("span", {}, who.phone)));
}

/** What may be done with the member's account: pay from it, top it up; and why not all of it is here. */
function accountLine(who) {
  const lines = till.sale.quote.lines.length > 0;
  const why = who.spendable && who.stored + who.bonus ? account.whyNotMore(who) : "";
  return h("div", { class: "account" },
    why ? h("p", {}, why) : null,
    h("button", { id: "stored", disabled: !lines || !lineStands || !(who.stored + who.bonus), onclick: () => pay(account.payFromAccount) }, icon("card"), h("span", {}, t("Stored value"))),
    h("button", { id: "topup", disabled: !lineStands, onclick: account.topUp }, icon("plus"), h("span", {}, t("Top up"))));
}

function birthdayNear(day) {
  if (!/^\d\d-\d\d$/.test(day)) return false;
  const today = new Date(Date.now() + clockSkewMs);
  const [month, date] = day.split("-").map(Number);
  return [-1, 0, 1].some((years) => Math.abs(new Date(today.getFullYear() + years, month - 1, date) - today) < 4 * 86_400_000);
}

function drawSums() {
  const { quote, state, paid, missing } = till.sale;
  const part = (label, value, kind = "") => h("div", { class: kind }, h("dt", {}, label), h("dd", {}, value));
  const parts = [];
  if (quote.discount || paid) parts.push(part(t("Goods"), money(quote.gross)));
  if (quote.discount) parts.push(part(t("Discounts"), "−" + money(quote.discount), "saved"));
  if (quote.rounding) parts.push(part(t("Rounding"), "−" + money(quote.rounding)));
  if (paid) parts.push(part(t("Total"), money(quote.total)), part(t("Paid so far"), "−" + money(paid)));
  if (lineStands) parts.push(...account.usePoints(till.sale));
  $("parts").replaceChildren(...parts);
  $("paylabel").textContent = state === "due" ? t("Still to pay") : t("To pay");
  const total = money(state === "due" ? missing : quote.total);
  $("total").classList.toggle("long", total.length > 7);
  fade($("total"), total);
  $("earns").replaceChildren(...(quote.points.earned ? [icon("star"), t("earns {n} points", { n: whole(quote.points.earned) })] : []));
  for (const id of ["cash", "external"]) $(id).disabled = !quote.lines.length || !lineStands;
  $("tenders").replaceChildren(...till.sale.tenders.map((tender) =>
    h("span", { class: "tender" }, icon({ cash: "cash", points: "star" }[tender.type] || "card"), `${money(tender.amount)} ${tender.reference}`)),
    ...(state === "due" ? [h("button", { onclick: () => ask("DELETE", "/sale/tenders") }, icon("undo"), h("span", {}, t("Hand back")))] : [broughtRow(till.sale, ask)].filter(Boolean)));
}

function drawStrips() {
  const strips = [];
  if (!lineStands) strips.push(strip("bad", "bad", t("This page has lost the till. It tries again by itself; take no money until it is back.")));
  if (till.disk === "slow") strips.push(strip("warn", "warn", t("The disk does not answer. Wait a moment; nothing is lost.")));
  if (till.shop_faults) strips.push(strip("warn", "warn", t("{faults} faults in the shop’s files: goods, prices and rules are the last good ones. Call the technician.", { faults: till.shop_faults })));
  if (till.sync.trouble) strips.push(strip("warn", "hq", till.sync.message));
  const [doubt] = till.doubts || [];
  if (doubt) {
    const more = till.doubts.length > 1 ? " " + t("and {n} more", { n: till.doubts.length - 1 }) : "";
    const text = doubt.state === "waiting"
      ? t("Receipt {number} waits for the printer. Go on selling.", { number: short(doubt.receipt) })
      : t("Was receipt {number} printed? Nobody knows.", { number: short(doubt.receipt) });
    strips.push(strip("warn", "printer", text + more, doubt.state === "unknown" &&
      h("button", { onclick: () => ask("POST", `/receipts/${doubt.receipt}/print`) }, t("Print a copy"))));
  }
  $("strips").replaceChildren(...strips);
  if (till.purses && till.signed_in) import("./purse.js").then((purse) => purse.draw());
}

export const strip = (level, name, text, button) => h("div", { class: "strip", "data-level": level, role: "status" }, icon(name), h("span", {}, text), button);
export const short = (number) => number.replace(/^.*-/, "");

/* ---- wishes ---- */

function choose(n) { chosen = n; drawBasket(); }

function step(line, by) {
  if (line.quantity + by <= 0) return takeOut(line);
  return ask("PATCH", `/sale/lines/${line.n}`, { quantity: line.quantity + by });
}

const takeOut = (line) => ask("DELETE", `/sale/lines/${line.n}`);
const chosenLine = () => till.sale.quote.lines.find((line) => line.n === chosen);

export function holdOrResume() {
  if (till.sale.state === "open") return ask("POST", "/sale/hold");
  if (!held()) return say(t("Nothing is on hold."), "warn");
  return till.held.length === 1 ? ask("POST", "/sale/resume") : over.heldList();
}

/** What was typed is a code, a phone number, or "3*" before one for so many. */
async function takeTyped() {
  const [, times, code] = /^(?:(\d{1,4}(?:\.\d{1,3})?)\*)?(.*)$/.exec(typed);
  setTyped("");
  const many = times ? thousandthsOf(times) : null;
  const line = chosenLine();
  if (times && !code) return line && ask("PATCH", `/sale/lines/${line.n}`, { quantity: many });
  if (times) return ask("POST", "/sale/lines", { code, quantity: many });
  if (/^1[3-9]\d{9}$/.test(code)) return ask("POST", "/sale/member", { phone: code });
  return ask("POST", "/sale/scan", { text: code });
}

function setTyped(text) {
  typed = text.slice(0, 60);
  $("typedtext").textContent = typed;
  $("typed").hidden = !typed;
  if (typed) say("", "calm");
  $("said").hidden = Boolean(typed);
}

/* ---- undo: from the new basket back to the old one, for ten seconds ---- */

function noteUndo(old, next) {
  const now = next.sale;
  if (quiet) return;
  if (old.state === "due" || now.state === "due") { undoSteps = null; drawUndo(); return; } // Paid for is not undone.
  const steps = stepsBack(old, now, next, lastReceipt);
  if (!steps) return;
  undoSteps = steps.length ? steps : null;
  undoUntil = Date.now() + UNDO_MS;
  drawUndo();
}

let lastReceipt = "";

async function undo() {
  if (!undoSteps) return;
  const steps = undoSteps;
  undoSteps = null;
  drawUndo();
  quiet = true;
  let done = true;
  for (const [method, path, fields] of steps) if (!(done = await ask(method, path, fields))) break;
  if (done) say(t("Undone."));
  setTimeout(() => (quiet = false), LONG_MS);
}

function drawUndo() {
  const left = Math.ceil((undoUntil - Date.now()) / 1000);
  if (left <= 0) undoSteps = null;
  $("undo").disabled = !undoSteps;
  $("undo").lastElementChild.textContent = undoSteps ? t("Undo ({n})", { n: left }) : t("Undo");
}

/* ---- what comes in ---- */

const reopen = listen("", (kind, value) => {
  if (kind === "till") {
    draw(value);
    lastReceipt = value.last_receipt;
  } else if (kind === "notice") {
    say(value.message, value.level);
    if (value.key === "unknown-card") document.dispatchEvent(new CustomEvent("strange-card", { detail: value.facts.medium }));
    if (value.key === "paid" && till.sale.state === "idle") over.done(value.facts);
  } else if (value.state !== "up") {
    say(`${value.name}: ${value.message}`, value.state === "down" ? "bad" : "warn");
    troubled = value.name;
  } else if (troubled === value.name && $("said").textContent.startsWith(`${value.name}: `)) {
    say(`${value.name}: ${value.message}`); // The bar is not left red over what is well again.
  }
}, (stands) => {
  if (stands === lineStands) return;
  lineStands = stands;
  document.body.classList.toggle("lost", !stands);
  if (till) { drawStrips(); drawSums(); }
});
export { reopen };

setInterval(() => {
  const fresh = $("fresh");
  if (fresh) fresh.textContent = freshness();
  if (undoSteps) drawUndo();
}, 1000);

const KEYS = {
  F1: () => over.help(), "?": () => over.help(), F2: () => over.find("goods"), F3: () => over.find("members"),
  F4: () => chosenLine() && over.quantityPad(chosenLine()), F6: holdOrResume,
  F7: () => chosenLine() && over.pricePad(chosenLine()), F8: () => over.changeOperator(),
  "/": () => chosenLine() && over.why(chosenLine()),
  F9: () => pay(over.cash), F10: () => pay(over.external),
  Delete: () => chosenLine() && takeOut(chosenLine()),
  ArrowUp: () => move(-1), ArrowDown: () => move(1),
  Escape: () => { setTyped(""); say("", "calm"); },
};

function move(by) {
  const lines = till.sale.quote.lines;
  const at = lines.findIndex((line) => line.n === chosen);
  if (lines[at + by]) choose(lines[at + by].n);
}

function pay(way) {
  if (till.sale.quote.lines.length) way();
  else say(t("Scan goods first."), "warn");
}

addEventListener("keydown", (event) => {
  if (!till || !till.signed_in || $("over").open || event.altKey || event.metaKey) return;
  if (event.ctrlKey) {
    if (event.key === "z") { event.preventDefault(); undo(); }
    return;
  }
  const onButton = event.target.closest && event.target.closest("button, [role=button]");
  if (KEYS[event.key]) { event.preventDefault(); KEYS[event.key](); }
  else if (event.key === "Enter" && typed) { event.preventDefault(); takeTyped(); }
  else if (event.key === "Backspace" && typed) setTyped(typed.slice(0, -1));
  else if (!typed && (event.key === "+" || event.key === "-") && chosenLine()) step(chosenLine(), event.key === "+" ? 1000 : -1000);
  else if (/^[0-9A-Za-z.*:-]$/.test(event.key)) setTyped(typed + event.key);
  else if (onButton && onButton.classList.contains("row") && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); onButton.click(); }
});

const CLICKS = {
  who: () => over.changeOperator(), lights: () => over.devices(), help: () => over.help(), menu: () => over.menu(),
  undo, hold: holdOrResume, find: () => over.find("goods"), void: () => over.callOff(), cash: () => pay(over.cash), external: () => pay(over.external),
};
for (const [id, act] of Object.entries(CLICKS)) $(id).addEventListener("click", act);
document.documentElement.lang = locale;
