// The staff's page of rules: what is in force, in words; and for a supervisor, a draft tried on past sales.

import { $, call, h, money, read, t, whole } from "./base.js";

const LOOK_MS = 400;
const SVG = "http://www.w3.org/2000/svg";
const BARS_MAX = 12;
let running = "";

async function show() {
  const found = await read("/rules");
  if (!found) return $("rules").replaceChildren(h("p", {}, t("Sign in at the till first, then come back.")));
  const since = found.since ? new Date(found.since).toLocaleString(document.documentElement.lang) : "–";
  const faults = found.faults.length
    ? h("div", { class: "faults", role: "alert" }, h("b", {}, t("A newer rules file has faults and was not taken over. These last good rules stay in force.")),
      h("ul", {}, found.faults.map((fault) => h("li", {}, fault))))
    : null;
  $("rules").replaceChildren(
    h("p", { class: "facts" }, h("span", {}, t("Version"), " ", h("b", {}, found.version)), h("span", {}, t("In force since"), " ", h("b", {}, since)),
      h("span", {}, t("{n} rules", { n: whole(found.rules.length) }))),
    ...(faults ? [faults] : []),
    h("ul", { class: "list" }, found.rules.map((rule) => h("li", {}, h("span", {}, h("b", {}, rule.name), h("small", {}, `${rule.rule} · v${rule.version}`)), h("span", {}, rule.words)))));
  const till = await read("/till");
  $("try").hidden = !(till && till.operator && till.operator.role === "supervisor");
}

/* ---- a draft on past sales ---- */

const dayNumber = (text) => Number(text.replace(/-/g, ""));

async function start(event) {
  event.preventDefault();
  const [file] = $("file").files;
  if (!file) return;
  say(t("Playing past sales …"));
  $("outcome").replaceChildren();
  const asked = { rules: await file.text(), since: dayNumber($("since").value), until: dayNumber($("until").value) };
  const { ok, answer } = await call("POST", "/backtests", asked);
  if (!ok) return say(answer.message || t("That did not work."), true);
  running = answer.name;
  busy(true);
  follow(running);
}

async function follow(name) {
  const found = await read(`/backtests/${name}`);
  if (!found) { busy(false); return say(t("That did not work."), true); }
  $("progress").value = found.of ? found.done / found.of : 0;
  if (found.state === "running") return setTimeout(() => follow(name), LOOK_MS);
  busy(false);
  if (found.state === "failed") return say(found.error, true);
  if (found.state === "cancelled") return say(t("Stopped."));
  say(t("{n} sales were priced again.", { n: whole(found.report.whole.sales) }));
  draw(name, found.report);
}

function busy(is) {
  $("start").disabled = is;
  $("stop").hidden = !is;
  $("progress").hidden = !is;
}

function say(text, isBad = false) {
  $("said").textContent = text;
  $("said").className = isBad ? "bad" : "";
}

function draw(name, report) {
  const all = report.whole;
  const rows = [[t("Paid"), all.total_before, all.total_after], [t("Discounts"), all.discount_before, all.discount_after], [t("Margin"), all.margin_before, all.margin_after]];
  const notes = all.costless ? h("p", { class: "hint" }, t("{n} lines have no known cost and are in no margin.", { n: whole(all.costless) })) : null;
  $("outcome").replaceChildren(...[
    h("h2", {}, t("All sales")), table(["", t("Before"), t("Under the draft"), t("Difference")],
      [...rows.map(([label, before, after]) => [label, money(before), money(after), signed(after - before)]),
        [t("Points"), whole(all.points_before), whole(all.points_after), whole(all.points_after - all.points_before)]]), notes,
    h("h2", {}, t("Discount by rule")), chart(report.rules.map((row) => [row.name, row.discount_before, row.discount_after])),
    table([t("Rule"), t("Sales"), t("Discount before"), t("Under the draft"), t("Points"), t("Margin")],
      report.rules.map((row) => [`${row.name} (${row.rule})`, `${whole(row.sales_before)} → ${whole(row.sales_after)}`, money(row.discount_before), money(row.discount_after), `${whole(row.points_before)} → ${whole(row.points_after)}`, money(row.margin_after)])),
    h("h2", {}, t("By segment")), table([t("Segment"), t("Sales"), t("Discount before"), t("Under the draft"), t("Points"), t("Margin")],
      report.segments.map((row) => [row.segment || t("No member"), whole(row.sales), money(row.discount_before), money(row.discount_after), `${whole(row.points_before)} → ${whole(row.points_after)}`, money(row.margin_after)])),
    h("p", {}, h("a", { href: `/api/v1/backtests/${name}.csv`, download: "backtest.csv" }, t("As a table (CSV)"))),
  ].filter(Boolean));
}

const signed = (amount) => (amount > 0 ? "+" : "") + money(amount);

function table(heads, rows) {
  return h("div", { class: "wrap" }, h("table", {}, h("thead", {}, h("tr", {}, heads.map((head) => h("th", {}, head)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell)))))));
}

/** Two bars for each row, before and under the draft, with their amounts. */
function chart(rows) {
  const shown = rows.filter(([, before, after]) => before || after).sort((a, b) => b[2] - a[2]).slice(0, BARS_MAX);
  const most = Math.max(1, ...shown.flatMap(([, before, after]) => [before, after]));
  const part = (tag, attributes, text = "") => {
    const made = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    return made;
  };
  const svg = part("svg", { class: "chart", viewBox: `0 0 900 ${Math.max(1, shown.length) * 46}`, role: "img", "aria-label": t("Discount by rule") });
  shown.forEach(([label, before, after], row) => {
    const top = row * 46;
    svg.append(part("text", { x: 0, y: top + 26 }, label.slice(0, 20)),
      part("rect", { class: "before", x: 230, y: top + 6, width: Math.round(520 * before / most), height: 13, rx: 3 }),
      part("text", { x: 238 + Math.round(520 * before / most), y: top + 17 }, money(before)),
      part("rect", { class: "after", x: 230, y: top + 22, width: Math.round(520 * after / most), height: 13, rx: 3 }),
      part("text", { x: 238 + Math.round(520 * after / most), y: top + 33 }, money(after)));
  });
  return svg;
}

const today = new Date();
const asDay = (day) => new Date(day.getTime() - day.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
$("until").value = asDay(today);
$("since").value = asDay(new Date(today.getTime() - 30 * 86_400_000));
$("draft").addEventListener("submit", start);
$("stop").addEventListener("click", () => call("DELETE", `/backtests/${running}`));
show();
