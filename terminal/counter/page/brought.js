// Coupons on the counter, rules to choose, and what it comes to in cash: a row under the sums of the open sale.

import { h, icon, money, t } from "./base.js";

/** The row for `sale`; `ask` puts a wish to the till. Null when there is nothing of it. */
export function broughtRow(sale, ask) {
  const coupons = (sale.coupons || []).map((coupon) =>
    h("button", { class: coupon.used ? "chip on" : "chip", title: t("Give the coupon back"), onclick: () => ask("DELETE", `/sale/coupons/${coupon.id}`) },
      icon("tag"), h("span", {}, coupon.used ? t("Coupon {name}", { name: coupon.campaign }) : t("Coupon {name}: takes nothing off yet", { name: coupon.campaign })), icon("close")));
  const choices = (sale.choices || []).map((choice) =>
    h("button", { class: choice.chosen ? "chip on" : "chip", "aria-pressed": String(choice.chosen), onclick: () => ask("POST", "/sale/choices", { rule: choice.rule, chosen: !choice.chosen }) },
      icon(choice.chosen ? "good" : "plus"), h("span", {}, choice.name)));
  const cash = sale.cash_total == null ? [] : [h("span", { class: "hint" }, t("In cash {amount}", { amount: money(sale.cash_total) }))];
  const all = [...coupons, ...choices, ...cash];
  return all.length ? h("div", { class: "brought" }, ...all) : null;
}
