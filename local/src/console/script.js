"use strict";
// Puts a fresh page in the shown one's place when something has changed, without moving what is read.
const main = () => document.getElementById("main");
const says = document.getElementById("live");
let asking = false;
let again = false;

const busy = () => {
  const active = document.activeElement;
  const typing = active && main().contains(active) && /^(INPUT|TEXTAREA|SELECT)$/.test(active.tagName);
  return typing || edited || !getSelection().isCollapsed || document.hidden;
};
let edited = false;
document.addEventListener("input", () => { edited = true; });

const refresh = async () => {
  if (asking) { again = true; return; }
  asking = true;
  try {
    const answer = await fetch(location.href);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
    if (!fresh || busy()) return;
    const open = new Set([...main().querySelectorAll("details[open]")].map((one) => one.id));
    for (const one of fresh.querySelectorAll("details")) if (open.has(one.id)) one.open = true;
    if (fresh.innerHTML === main().innerHTML) return;
    const focused = document.activeElement?.getAttribute?.("href");
    const [x, y] = [scrollX, scrollY];
    main().replaceChildren(...fresh.childNodes);
    scrollTo(x, y);
    if (focused) [...main().querySelectorAll("a")].find((one) => one.getAttribute("href") === focused)?.focus();
  } catch {
    // The local cloud is gone or restarts; the stream below says so.
  } finally {
    asking = false;
    if (again) { again = false; refresh(); }
  }
};

const stream = new EventSource("/_console/live");
stream.onopen = () => { says.textContent = "live"; };
stream.onerror = () => { says.textContent = "the local cloud does not answer"; };
stream.onmessage = refresh;
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
