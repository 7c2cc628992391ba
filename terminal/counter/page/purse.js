// Money on cards: paying with it, loading it, and what is in doubt. Loaded where a reader takes it.

import { $, amountOf, h, icon, money, t } from "./base.js";
import { form, go, keys, open, pad, shut } from "./over.js";
import { ask, strip, till } from "./till.js";

const MONEY = /^\d{0,8}(\.\d{0,2})?$/;
const plain = (amount) => money(amount).replace(/,/g, "");

/** Put the way to pay beside the others, and what goes on with cards below. */
export function draw() {
  const { sale } = till;
  if (!$("purse")) $("payways").append(h("button", { id: "purse", onclick: () => (till.sale.quote.lines.length ? pay() : load()) }, icon("card"), h("span", {})));
  $("payways").classList.add("three");
  $("purse").disabled = Boolean(till.purse);
  $("purse").lastElementChild.textContent = sale.quote.lines.length ? t("Card purse") : t("Load a card");
  const settle = (n, how) => ask("POST", `/purse/movements/${n}`, { how });
  const back = (n) => [h("button", { onclick: () => settle(n, "card") }, t("Back on the card")), h("button", { onclick: () => settle(n, "cash") }, t("Back in cash"))];
  const strips = [];
  if (till.purse) strips.push(waits(till.purse));
  for (const { sequence, message, state } of till.purse_doubts) {
    if (till.purse && till.purse.state !== "tap") continue; // What is said above is about it.
    const decide = till.operator?.role === "supervisor" && state === "unproven" ? [h("button", { onclick: () => settle(sequence, "paid") }, t("It was paid")), h("button", { onclick: () => settle(sequence, "void") }, t("It was not"))] : null;
    strips.push(strip("warn", "card", message, h("span", { class: "ways" }, state === "owed" ? back(sequence) : decide)));
  }
  if (!till.purse) for (const { type, amount, reference, taken } of sale.tenders || []) {
    if (type !== "purse" || !taken) continue;
    const [card, n] = reference.split(" #");
    strips.push(strip("calm", "card", t("{amount} was paid off card {card}.", { amount: money(amount), card }), h("span", { class: "ways" }, back(n))));
  }
  for (const old of document.querySelectorAll("#strips .card-money")) old.remove();
  for (const each of strips) each.classList.add("card-money");
  $("strips").append(...strips);
}

/** What to say while a card is at it: leave it, take it, tap again. */
function waits({ state, amount }) {
  const words = {
    tap: t("{amount}: lay the card on the reader and leave it there.", { amount: money(amount) }),
    leave: t("{amount} is being moved. Leave the card.", { amount: money(amount) }),
    again: t("Unknown whether {amount} was taken. Tap the same card again; nothing is taken twice.", { amount: money(amount) }),
  }[state];
  const drop = h("button", { id: "drop", onclick: () => ask("POST", "/purse/drop") }, state === "again" ? t("Pay otherwise") : t("Cancel"));
  const shown = strip(state === "again" ? "bad" : "warn", state === "again" ? "warn" : "reader", words, state === "leave" ? null : drop);
  shown.dataset.card = state;
  return shown;
}

function pay() {
  const missing = till.sale.state === "due" ? till.sale.missing : till.sale.quote.total;
  asked(t("Card purse"), t("Then the customer lays the card on the reader."), plain(missing), (amount) => ask("POST", "/sale/tenders", { type: "purse", amount }));
}

function load() {
  asked(t("Load a card"), t("Take the money first; then the customer lays the card on the reader."), "", (amount, slip) =>
    ask("POST", "/purse/topups", { amount, type: slip ? "external" : "cash", reference: slip }), true);
}

function asked(title, hint, start, act, wantsSlip = false) {
  const amount = pad({ label: t("Amount"), big: true, allowed: MONEY, start });
  const slip = h("input", { autocomplete: "off", maxlength: "64", "aria-label": t("Number on the slip; empty for cash") });
  amount.field.dataset.first = "";
  let active = amount.field;
  for (const field of [slip, amount.field]) field.addEventListener("focus", () => (active = field));
  const submit = () => {
    const value = amountOf(amount.field.value);
    if (!value) return amount.field.focus();
    shut();
    act(value, slip.value.trim());
  };
  open("external", title, form(submit, h("div", { class: "cols" }, h("div", { class: "col" }, h("p", { class: "hint" }, hint), amount.row,
    wantsSlip ? h("label", { class: "field" }, h("span", {}, t("Number on the slip; empty for cash")), slip) : null), keys(() => active, ".")), go(title)));
}
