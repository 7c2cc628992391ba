// Keeps an open page level with the books: on news it asks for itself again and swaps its content.
"use strict";
(() => {
  const main = document.getElementById("main");
  const live = document.getElementById("live");
  const PAUSE_MS = 500; // Between two redraws, however fast the books move.
  const STALE_MS = 30000; // "3 min ago" must not stay so for an hour of silence.
  let told = null;
  let drawing = false;
  let again = false;

  const say = (on) => {
    if (!live) return;
    live.classList.toggle("on", on);
    live.lastElementChild.textContent = on ? live.dataset.on : live.dataset.off;
  };
  const busy = () => {
    const field = document.activeElement;
    const chosen = getSelection();
    const typed = [...main.querySelectorAll("input, textarea")].some((part) => part.value !== part.defaultValue);
    const picked = [...main.querySelectorAll("select")].some((part) => [...part.options].some((each) => each.selected !== each.defaultSelected));
    return typed || picked || (field && field.matches("input, textarea, select")) || (chosen && !chosen.isCollapsed);
  };
  const swap = (fresh) => {
    const seen = new Set([...main.querySelectorAll("[data-key]")].map((row) => row.dataset.key));
    const open = new Set([...main.querySelectorAll("details[open]")].map((part) => part.dataset.open));
    const place = document.activeElement && document.activeElement.getAttribute("href");
    for (const part of fresh.querySelectorAll("details")) part.open = open.has(part.dataset.open);
    for (const row of fresh.querySelectorAll("[data-key]")) {
      if (!seen.has(row.dataset.key)) row.classList.add("fresh");
    }
    main.replaceChildren(...fresh.childNodes);
    if (place) [...main.querySelectorAll("a")].find((link) => link.getAttribute("href") === place)?.focus();
  };
  const draw = async () => {
    if (drawing || busy() || document.hidden) { again = true; return; }
    drawing = true;
    again = false;
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        swap(page.getElementById("main"));
      }
    } catch { again = true; }
    setTimeout(() => { drawing = false; if (again) draw(); }, PAUSE_MS);
  };
  const listen = () => {
    const source = new EventSource("/events");
    source.addEventListener("open", () => say(true));
    source.addEventListener("books", (event) => {
      const first = told === null;
      const changed = told !== event.data;
      told = event.data;
      if (changed && !first) draw();
    });
    source.addEventListener("error", () => {
      say(false);
      // A stream that was refused stays closed; open a new one. One that broke reopens by itself.
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
    });
    addEventListener("pagehide", () => source.close(), { once: true });
  };
  for (const event of ["visibilitychange", "selectionchange", "focusout"]) {
    document.addEventListener(event, () => { if (again && !drawing) draw(); });
  }
  document.addEventListener("change", async (event) => {
    const into = event.target.dataset.into && document.getElementById(event.target.dataset.into);
    if (into && event.target.files.length) into.value = await event.target.files[0].text();
  });
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => {
      document.cookie = `hq_language=${button.dataset.language}; path=/; max-age=31536000; samesite=strict`;
      location.reload();
    });
  }
  addEventListener("pageshow", (event) => { if (event.persisted) { listen(); draw(); } });
  if (!live) return; // Nobody is signed in.
  setInterval(draw, STALE_MS);
  listen();
})();
