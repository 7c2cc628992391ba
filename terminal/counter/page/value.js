// The member's account: paying from it, topping it up, and the points at a glance.

import { amountOf, h, icon, money, t, whole } from "./base.js";
import { form, go, keys, open, pad, shut } from "./over.js";
import { ask, till } from "./till.js";

const MONEY = /^\d{0,8}(\.\d{0,2})?$/;
const plain = (amount) => money(amount).replace(/,/g, "");
const figure = (label, value) => h("div", {}, h("span", {}, label), h("b", {}, value));

/** Why no more than this may be spent here, in one sentence; empty where it is all there is. */
export function whyNotMore({ spendable, stored, bonus }) {
  if (spendable.amount >= stored + bonus) return "";
  const amount = money(spendable.amount);
  if (spendable.why === "expired") return t("{amount} may be spent here: what was set aside for this till is too old.", { amount });
  if (!till.sync.connected) return t("{amount} may be spent here until the head office is reached.", { amount });
  return t("{amount} may be spent here; the rest is set aside elsewhere.", { amount });
}

export function payFromAccount() {
  const who = till.sale.member;
  const missing = till.sale.state === "due" ? till.sale.missing : till.sale.quote.total;
  const amount = pad({ label: t("Amount"), big: true, allowed: MONEY, start: plain(Math.min(missing, who.spendable.amount)) });
  const digits = h("input", { autocomplete: "off", inputmode: "none", maxlength: "4", "aria-label": t("Last 4 digits of the phone number, if asked for") });
  amount.field.dataset.first = "";
  let active = amount.field;
  for (const field of [digits, amount.field]) field.addEventListener("focus", () => (active = field));
  const submit = () => {
    const value = amountOf(amount.field.value);
    if (!value) return amount.field.focus();
    shut();
    ask("POST", "/sale/tenders", { type: "stored_value", amount: value, reference: digits.value.trim() });
  };
  const why = whyNotMore(who);
  open("external", t("Stored value"), form(submit, h("div", { class: "cols" }, h("div", { class: "col" },
    h("div", { class: "figures" }, figure(t("To pay"), money(missing)), figure(t("May be spent here"), money(who.spendable.amount))),
    why ? h("p", { class: "hint" }, why) : null, amount.row,
    h("label", { class: "field" }, h("span", {}, t("Last 4 digits of the phone number, if asked for")), digits)),
    keys(() => active, ".")), go(t("Pay from the account"))));
}

export function topUp() {
  const who = till.sale.member;
  const amount = pad({ label: t("Paid in"), big: true, allowed: MONEY });
  const reference = h("input", { autocomplete: "off", maxlength: "64", "aria-label": t("Number on the slip; empty for cash") });
  amount.field.dataset.first = "";
  let active = amount.field;
  for (const field of [reference, amount.field]) field.addEventListener("focus", () => (active = field));
  const submit = () => {
    const value = amountOf(amount.field.value);
    if (!value) return amount.field.focus();
    const slip = reference.value.trim();
    shut();
    ask("POST", `/members/${encodeURIComponent(who.account)}/topups`, { amount: value, type: slip ? "external" : "cash", reference: slip });
  };
  open("external", t("Top up"), form(submit, h("div", { class: "cols" }, h("div", { class: "col" },
    h("div", { class: "figures" }, figure(t("Stored"), money(who.stored)), figure(t("Bonus"), money(who.bonus))),
    amount.row, h("label", { class: "field" }, h("span", {}, t("Number on the slip; empty for cash")), reference)),
    keys(() => active, ".")), go(t("Top up"))));
}

/* ---- points ---- */

export const withPoints = (act) => import("./points.js").then(act);

/** Points with what waits and what lapses next; a touch opens all that is to be had for them. */
export function pointsFact(who) {
  const notes = [];
  if (who.pending) notes.push(t("{n} waiting for their day", { n: whole(who.pending) }));
  if (who.lapsing.day) notes.push(t("{n} lapse {day}", { n: whole(who.lapsing.points), day: `${String(who.lapsing.day).slice(4, 6)}-${String(who.lapsing.day).slice(6)}` }));
  return h("div", { class: "touch", role: "button", tabindex: "0", onclick: () => withPoints((points) => points.panel(who.account)), onkeydown: (event) => { if (event.key === "Enter") event.currentTarget.click(); } },
    h("dt", {}, t("Points"), icon("star")), h("dd", {}, whole(who.points), notes.length ? h("small", {}, " " + notes.join(" · ")) : null));
}

/** The way to pay with points, where some may be used and none are yet. */
export function usePoints({ quote, tenders }) {
  const { points_max: most, amount_max: worth } = quote.redeemable;
  if (!most || tenders.some((tender) => tender.type === "points")) return [];
  const pay = h("button", { onclick: () => withPoints((points) => points.pay()) }, icon("star"), h("span", {}, t("Use points")));
  return [h("div", { class: "usepoints" }, h("dt", {}, t("Points: up to −{amount}", { amount: money(worth) })), h("dd", {}, pay))];
}
