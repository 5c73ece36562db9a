// Keeps the page true: asks for its living part when a WebSocket says so, or now and then while there is none,
// puts the new one in, and softly marks what changed.
"use strict";

const live = document.getElementById("live");
const news = document.getElementById("news");
const every = Number(live.dataset.every);
const slowest = 30000;
const calm = 60000;
const triesMax = 20;
const proven = 10000;
let tag = null;
let wait = every;
let timer = 0;
let asking = false;
let again = false;
let gone = false;
let socket = null;
let opening = false;
let tries = 0;
let retry = 0;

function later() {
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(ask, wait);
}

async function ask() {
  if (gone || document.hidden) return;
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    const headers = tag ? { "If-None-Match": tag } : {};
    const answer = await fetch(live.dataset.fragment, {
      headers, credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(10000),
    });
    if (answer.status === 200) {
      tag = answer.headers.get("ETag");
      show(await answer.text());
    }
    // The pass is gone: what is shown is the last that was known, and nobody needs to be asked again.
    if (answer.status === 404 || answer.status === 410) return leave();
    wait = answer.ok || answer.status === 304 ? pace() : Math.min(wait * 2, slowest);
  } catch {
    wait = Math.min(wait * 2, slowest);
  } finally {
    asking = false;
  }
  if (again) {
    again = false;
    ask();
  } else later();
}

// What no event tells, such as a new design or a date that has passed, is found at the calm pace.
function pace() {
  return socket?.readyState === WebSocket.OPEN ? calm : every;
}

async function watch() {
  if (gone || socket || opening || document.hidden || !live.dataset.connect) return;
  opening = true;
  try {
    const answer = await fetch(live.dataset.connect, {
      credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(10000),
    });
    if (!answer.ok) throw new Error(answer.status);
    const url = new URL((await answer.json()).url);
    if (location.protocol === "https:") url.protocol = "wss:";
    if (!document.hidden) hear(new WebSocket(url));
  } catch {
    watchLater();
  } finally {
    opening = false;
  }
}

function hear(opened) {
  let since = 0;
  socket = opened;
  opened.onopen = () => {
    since = Date.now();
    wait = calm;
    // What happened before the socket was open was told to nobody.
    ask();
  };
  opened.onmessage = ask;
  opened.onclose = () => {
    if (socket !== opened) return;
    socket = null;
    // One that is closed as soon as it is open is no success.
    if (since && Date.now() - since > proven) tries = 0;
    wait = every;
    later();
    watchLater();
  };
}

function watchLater() {
  clearTimeout(retry);
  if (tries >= triesMax) return;
  retry = setTimeout(watch, Math.min(500 * 1.5 ** tries, slowest));
  tries += 1;
}

function leave() {
  gone = true;
  hangUp();
}

function hangUp() {
  clearTimeout(timer);
  clearTimeout(retry);
  socket?.close();
  socket = null;
}

function values(root) {
  return new Map([...root.querySelectorAll("[data-key]")].map((one) => [one.dataset.key, [one, said(one)]]));
}

function said(one) {
  return one.tagName === "IMG" ? one.getAttribute("src") : one.textContent.trim().replace(/\s+/g, " ");
}

function show(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const before = values(live);
  const after = values(holder.content);
  const fresh = holder.content.textContent.replace(/\s+/g, " ").trim();
  const same = fresh === live.textContent.replace(/\s+/g, " ").trim() && [...after].every(([key, [, text]]) => before.get(key)?.[1] === text);
  if (same) return;
  const isOpen = live.querySelector("details")?.open ?? false;
  const spoken = [];
  for (const [key, [one, text]] of after) {
    if (before.has(key) && before.get(key)[1] !== text) {
      one.classList.add("is-changed");
      if (one.dataset.name) spoken.push(`${one.dataset.name}: ${text}`);
    }
  }
  const stops = () => [...live.querySelectorAll("a[href], summary")];
  const focused = stops().indexOf(document.activeElement);
  live.replaceChildren(holder.content);
  if (focused >= 0) stops()[focused]?.focus({ preventScroll: true });
  const details = live.querySelector("details");
  if (details) details.open = isOpen;
  const card = live.querySelector(".card");
  for (const name of ["card", "ink", "label", "bar-by-day", "bar-by-night"]) {
    document.documentElement.style.setProperty(`--${name}`, card.getAttribute(`data-${name}`));
  }
  if (spoken.length) news.textContent = `${live.dataset.changed}: ${[...new Set(spoken)].join(", ")}`;
}

document.addEventListener("visibilitychange", () => {
  wait = every;
  if (document.hidden) return hangUp();
  tries = 0;
  ask();
  watch();
});
later();
watch();
