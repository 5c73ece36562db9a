// Keeps the page true: asks for its living part, puts the new one in, and softly marks what changed.
"use strict";

const live = document.getElementById("live");
const news = document.getElementById("news");
const every = Number(live.dataset.every);
const slowest = 30000;
let tag = null;
let wait = every;
let timer = 0;
let asking = false;

function later() {
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(ask, wait);
}

async function ask() {
  if (asking || document.hidden) return;
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
    if (answer.status === 404 || answer.status === 410) return;
    wait = answer.ok || answer.status === 304 ? every : Math.min(wait * 2, slowest);
  } catch {
    wait = Math.min(wait * 2, slowest);
  } finally {
    asking = false;
  }
  later();
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
  if (document.hidden) clearTimeout(timer);
  else ask();
});
later();
