// A member's points: what they are, what is to be had for them, and paying with them. Loaded when first asked for.

import { h, icon, locale, money, read, t, whole } from "./base.js";
import { form, go, open, shut } from "./over.js";
import { ask, till } from "./till.js";

const day = (date) => new Date(Math.floor(date / 10000), (Math.floor(date / 100) % 100) - 1, date % 100).toLocaleDateString(locale);

/** Choose how many points pay: a slider by the rule's step, the money beside it. */
export function pay() {
  const offer = till.sale.quote.redeemable;
  const missing = till.sale.state === "due" ? till.sale.missing : till.sale.quote.total;
  const worth = (points) => Math.floor((points * offer.money) / offer.points);
  let most = offer.points_max;
  while (most > 0 && worth(most) > missing) most -= offer.step;
  const off = h("b", {});
  const count = h("span", {});
  const slider = h("input", { type: "range", min: offer.points_min, max: most, step: offer.step, value: most, "data-first": true, "aria-label": t("Points to use"), oninput: () => show() });
  const show = () => { off.textContent = "−" + money(worth(Number(slider.value))); count.textContent = t("{n} points", { n: whole(Number(slider.value)) }); };
  const step = (by) => { slider.value = Number(slider.value) + by * offer.step; show(); };
  const submit = () => { shut(); ask("POST", "/sale/tenders", { type: "points", amount: worth(Number(slider.value)) }); };
  open("paypoints", t("Use points"), form(submit, h("div", { class: "given" }, count, off),
    h("div", { class: "sliding" }, h("button", { type: "button", "aria-label": t("Fewer"), onclick: () => step(-1) }, icon("minus")), slider,
      h("button", { type: "button", "aria-label": t("More"), onclick: () => step(1) }, icon("plus"))),
    h("p", { class: "hint" }, `${offer.why}: ${t("{points} points are worth {amount}.", { points: whole(offer.points), amount: money(offer.money) })}`), go(t("Use points"))));
  show();
}

/** Everything about the points of the member at the till. */
export async function panel(account) {
  const known = await read(`/members/${account}/points`);
  if (!known) return;
  const act = async (path, fields = {}) => { if (await ask("POST", `/members/${account}/${path}`, fields)) panel(account); };
  const fact = (label, value) => h("div", { class: "given small" }, h("span", {}, label), h("b", {}, value));
  const lots = known.lots.filter((lot) => lot.lapses_on || lot.usable_on).slice(0, 8).map((lot) => h("li", {}, h("b", {}, whole(lot.points)),
    lot.usable_on ? h("span", {}, t("usable from {day}", { day: day(lot.usable_on) })) : null,
    h("span", {}, lot.lapses_on ? t("lapse on {day}", { day: day(lot.lapses_on) }) : t("never lapse"))));
  const price = (each) => [t("{n} points", { n: whole(each.points) }), each.money ? `+ ${money(each.money)}` : ""].join(" ");
  const gifts = known.gifts.map((each) => h("li", { "aria-disabled": String(Boolean(each.why)) }, h("b", {}, each.name),
    h("span", {}, each.left === null ? "" : t("{n} left", { n: each.left })), h("em", {}, price(each)),
    h("button", { disabled: Boolean(each.why), onclick: () => act("gifts", { gift: each.id }) }, t("Exchange"))));
  const lotteries = known.lotteries.map((each) => h("li", {}, h("b", {}, each.name),
    h("span", {}, each.prizes.map((prize) => `${prize.name} ${prize.odds / 10000} %`).join(" · ")), h("em", {}, price(each)),
    h("button", { disabled: Boolean(each.why) || each.drawn >= each.draws, onclick: () => act("draws", { lottery: each.id }) }, t("Draw now"))));
  const quick = [
    known.check_in && h("button", { disabled: known.check_in.today, onclick: () => act("checkins") }, icon("good"), h("span", {}, known.check_in.today ? t("Checked in, day {n}", { n: known.check_in.days }) : known.check_in.name)),
    known.welcome ? h("button", { onclick: () => act("welcome") }, icon("person"), h("span", {}, t("Welcome gift"))) : null,
    ...known.events.map((each) => h("button", { onclick: () => act("events", { event: each.id }) }, icon("star"), h("span", {}, `${each.name} +${each.points}`))),
    till.operator && till.operator.role === "supervisor" ? h("button", { onclick: () => byHand(account) }, icon("tag"), h("span", {}, t("By hand"))) : null,
  ];
  const list = (title, rows) => (rows.length ? [h("h3", {}, title), h("ul", { class: "found points" }, rows)] : []);
  open("points", t("Points"),
    h("div", { class: "facts" }, fact(t("Usable"), whole(known.available)), known.pending ? fact(t("Waiting"), whole(known.pending)) : null, known.standing ? fact(t("Standing"), whole(known.standing)) : null),
    h("div", { class: "quick" }, quick), ...list(t("Gifts"), gifts), ...list(t("Lotteries"), lotteries), ...list(t("Dates"), lots));
}

function byHand(account) {
  const points = h("input", { type: "text", inputmode: "numeric", autocomplete: "off", "data-first": true, maxlength: "8", placeholder: "100 / -100" });
  const reason = h("input", { autocomplete: "off", maxlength: "200" });
  const submit = async () => {
    const count = Number(points.value);
    if (!Number.isInteger(count) || !count) return points.focus();
    if (!reason.value.trim()) return reason.focus();
    if (await ask("POST", `/members/${account}/points`, { points: count, reason: reason.value.trim() })) panel(account);
  };
  open("byhand", t("Points by hand"), form(submit, h("label", { class: "field" }, h("span", {}, t("Points, negative as a penalty")), points),
    h("label", { class: "field" }, h("span", {}, t("Reason")), reason), go(t("Take over"))));
}
