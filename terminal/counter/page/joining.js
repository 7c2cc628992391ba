// Somebody becomes a member: name, phone, birthday, and the card that is tapped meanwhile. Fetched when it is wanted.

import { call, h, t } from "./base.js";
import { form, go, open, shut } from "./over.js";
import { say } from "./till.js";

export function join() {
  const field = (label, more) => h("input", { autocomplete: "off", "aria-label": label, ...more });
  const name = field(t("Name"), { maxlength: "60", "data-first": "" });
  const phone = field(t("Phone number"), { inputmode: "tel", maxlength: "16" });
  const birthday = field(t("Birthday, such as 05-21"), { inputmode: "numeric", maxlength: "5" });
  const card = field(t("Card: tap it, or type its number"), { maxlength: "60" });
  const trouble = h("p", { class: "trouble", role: "alert" });
  const row = (input) => h("label", { class: "field" }, h("span", {}, input.getAttribute("aria-label")), input);
  const tapped = (event) => { card.value = event.detail; trouble.textContent = ""; };
  document.addEventListener("strange-card", tapped);
  document.getElementById("over").addEventListener("close", () => document.removeEventListener("strange-card", tapped), { once: true });
  const submit = async () => {
    if (!name.value.trim()) return name.focus();
    const who = { name: name.value.trim(), phone: phone.value.trim(), birthday: birthday.value.trim(), card: card.value.trim() };
    const { ok, answer } = await call("POST", "/members", who);
    if (!ok) { trouble.textContent = answer.message || t("Look at what was typed."); return; }
    shut();
    say(t("{name} is a member now.", { name: who.name }), "good");
    await call("POST", "/sale/member", { member: answer.member });
  };
  open("join", t("New member"), form(submit, h("div", { class: "col" }, row(name), row(phone), row(birthday), row(card), trouble), go(t("Register"))));
}
