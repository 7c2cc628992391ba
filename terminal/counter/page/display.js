// The customer's display: what is bought, what it costs, what it earns. Never the cashier's screen.

import { $, fade, h, icon, listen, money, quantity, t, whole } from "./base.js";

const THANKS_MS = 12_000;
let before = null;
let thanks = 0;
let paid = 0;

listen("&view=display", (kind, till) => {
  if (kind !== "till") return;
  const { quote, state, missing, member } = till.sale;
  if (before && before.last_receipt !== till.last_receipt && before.sale.state !== "idle" && state === "idle") showThanks(before.sale.quote);
  if (state !== "idle") clear();
  before = till;
  $("shop").textContent = till.title;
  $("tier").textContent = member ? member.tier_name : "";
  $("lines").replaceChildren(...quote.lines.slice(-40).map((line) => h("li", {}, h("b", {}, line.name),
    h("span", {}, line.quantity === 1000 ? "" : `× ${quantity(line.quantity)}`), line.net !== line.gross ? h("s", {}, money(line.gross)) : null, h("em", {}, money(line.net)))));
  const last = $("lines").lastElementChild;
  if (last) last.scrollIntoView({ block: "nearest" });
  $("welcome").hidden = state !== "idle" || thanks !== 0;
  $("label").textContent = thanks ? t("Paid") : state === "due" ? t("Still to pay") : t("To pay");
  $("points").replaceChildren(...(quote.points.earned ? [icon("star"), t("earns {n} points", { n: whole(quote.points.earned) })] : []));
  fade($("total"), money(thanks ? paid : state === "due" ? missing : quote.total));
}, (stands) => document.body.classList.toggle("lost", !stands));

function showThanks(quote) {
  $("thankspoints").textContent = quote.points.earned ? t("You earned {n} points.", { n: whole(quote.points.earned) }) : t("See you soon.");
  $("thanks").hidden = false;
  clearTimeout(thanks);
  paid = quote.total;
  thanks = setTimeout(() => {
    clear();
    $("welcome").hidden = false;
    $("label").textContent = t("To pay");
    fade($("total"), money(0));
  }, THANKS_MS);
}

function clear() {
  clearTimeout(thanks);
  thanks = 0;
  $("thanks").hidden = true;
}
