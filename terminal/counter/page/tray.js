// The demonstration tray of a till without hardware: cards to tap and codes to scan.

import { $, call, h, icon, money, read, t, tierColour } from "./base.js";
import { say } from "./till.js";

let offered = null;
let asking = false;
let devices = {};

/** Show the tray where there are virtual devices and somebody has signed in. */
export async function showTray(till) {
  const has = till.signed_in && till.virtual.length > 0;
  $("demo").hidden = !has;
  if (!has) { $("tray").hidden = true; return; }
  devices = Object.fromEntries(till.virtual.map((each) => [each.kind, each.name]));
  if (!offered && !asking) {
    asking = true;
    offered = await read("/virtual");
    asking = false;
    if (offered) draw();
  }
  $("tray").hidden = !offered;
}

$("demo").addEventListener("click", () => document.body.classList.toggle("traying"));

async function touch(kind, fields) {
  document.body.classList.remove("traying");
  const { ok, answer } = await call("POST", `/virtual/${encodeURIComponent(devices[kind])}`, fields);
  if (!ok) say(answer.message, "bad");
}

function draw() {
  const section = (title, ...children) => h("section", {}, h("h3", {}, title), ...children);
  const cards = offered.cards.slice(0, 6).map((card) =>
    h("button", { class: `mini ${tierColour(card.tier)}`, onclick: () => touch("reader", { card: card.value }) }, h("b", {}, card.name), h("span", {}, card.tier), icon("reader")));
  const codes = offered.codes.slice(0, 12).map((code) =>
    h("button", { class: "code", onclick: () => touch("scanner", { text: code.value }) }, h("b", {}, code.name), h("span", {}, money(code.price)), bars(code.value)));
  const odd = (name, text, kind, fields) => h("button", { class: "odd", onclick: () => touch(kind, fields) }, icon(name), h("span", {}, text));
  $("tray").replaceChildren(
    h("div", { class: "title" }, h("b", {}, t("Try it")), h("span", {}, t("This till has no hardware: tap and scan here."))),
    devices.reader ? section(t("Tap a card"), h("div", { class: "minis" }, cards)) : null,
    devices.scanner ? section(t("Scan goods"), h("div", { class: "codes" }, codes)) : null,
    section(t("Make trouble"), h("div", { class: "odds" },
      devices.scanner ? odd("scanner", t("Wrong check digit"), "scanner", { text: "6901234567893" }) : null,
      devices.scanner ? odd("cash", t("A payment code"), "scanner", { text: "134567890123456789" }) : null,
      devices.printer ? odd("printer", t("Paper out"), "printer", { paper: "out" }) : null,
      devices.printer ? odd("paper", t("New paper"), "printer", { paper: "ok" }) : null,
      devices.reader ? odd("close", t("Take the card away"), "reader", { remove: true }) : null)));
}

const LEFT = ["0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111", "0001011"];
const PARITY = ["LLLLLL", "LLGLGG", "LLGGLG", "LLGGGL", "LGLLGG", "LGGLLG", "LGGGLL", "LGLGLG", "LGLGGL", "LGGLGL"];

/** The bars of an EAN-13, so that a real scanner can read them off the screen. Source: GS1 General Specifications 5.2. */
function bars(digits) {
  if (!/^\d{13}$/.test(digits)) return h("small", {}, digits);
  const flip = (text) => text.replace(/./g, (bit) => (bit === "0" ? "1" : "0"));
  const left = [...digits.slice(1, 7)].map((digit, n) => PARITY[digits[0]][n] === "L" ? LEFT[digit] : [...flip(LEFT[digit])].reverse().join(""));
  const right = [...digits.slice(7)].map((digit) => flip(LEFT[digit]));
  const bits = "101" + left.join("") + "01010" + right.join("") + "101";
  const path = [...bits].map((bit, x) => (bit === "1" ? `M${x + 9} 0h1v24h-1z` : "")).join("");
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 113 24");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "bars");
  svg.setAttribute("aria-hidden", "true");
  const drawn = document.createElementNS("http://www.w3.org/2000/svg", "path");
  drawn.setAttribute("d", path);
  svg.append(drawn);
  return svg;
}
