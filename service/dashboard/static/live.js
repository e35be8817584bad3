// Keeps a run's page up to date: it hears the run's events, asks for the page
// again, and puts in the parts that changed. What is shown is always what the
// server rendered; without this script the page loads again by itself.

const QUIET_MS = 150; // events come in bursts
const APART_MS = 700; // a busy run must not keep the server busy drawing it,
const SHARE = 5; // nor may a big one: of the time, at most a fifth goes into drawing
const AGAIN_MS = 3000;

let source = null;
let last = 0;
let timer = 0;
let nextAt = 0;

function listen() {
  const place = document.querySelector("[data-events]");
  source?.close();
  if (!place || document.hidden) return;
  last = Math.max(last, Number(place.dataset.last));
  source = new EventSource(`${place.dataset.events}?after=${last}`);
  source.onopen = () => say("");
  source.onmessage = (event) => {
    const number = Number(event.lastEventId);
    if (number > last) {
      last = number;
      redrawSoon();
    }
  };
  source.onerror = () => {
    say(place.dataset.lost);
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN_MS);
  };
}

function say(text) {
  const place = document.querySelector("[data-said]");
  if (place && place.textContent !== text) place.textContent = text;
}

function redrawSoon() {
  if (timer) return;
  timer = setTimeout(redraw, Math.max(QUIET_MS, nextAt - performance.now()));
}

async function redraw() {
  const drawn = last;
  const began = performance.now();
  try {
    const answer = await fetch(location.pathname, { headers: { accept: "text/html" } });
    if (!answer.ok) throw new Error(answer.statusText);
    put(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    say(document.querySelector("[data-events]")?.dataset.lost ?? "");
  }
  const took = performance.now() - began;
  nextAt = performance.now() + Math.max(APART_MS, SHARE * took);
  timer = 0;
  if (!document.querySelector("[data-events]")) source?.close();
  else if (last > drawn) redrawSoon();
}

function put(fresh) {
  const focus = nameOf(document.activeElement);
  for (const part of document.querySelectorAll("[data-part]")) {
    const next = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
    if (next && next.innerHTML !== part.innerHTML) replace(part, next);
  }
  document.title = fresh.title;
  if (focus && document.activeElement === document.body) document.querySelector(focus)?.focus();
}

// Where a reader has scrolled a table to, and what they have unfolded, stays.
function replace(part, next) {
  const scrolled = [...part.querySelectorAll("[tabindex]")].map((e) => [e.scrollLeft, e.scrollTop]);
  const open = [...part.querySelectorAll("details")].map((e) => e.open);
  part.replaceChildren(...next.childNodes);
  part.querySelectorAll("[tabindex]").forEach((e, i) => e.scrollTo(...(scrolled[i] ?? [0, 0])));
  part.querySelectorAll("details").forEach((e, i) => (e.open = open[i] ?? e.open));
}

function nameOf(element) {
  if (element?.id) return `#${CSS.escape(element.id)}`;
  const link = element?.getAttribute("href");
  return link ? `[href="${CSS.escape(link)}"]` : "";
}

// A browser keeps few connections to one server: pages nobody looks at give theirs up.
document.addEventListener("visibilitychange", () => (document.hidden ? source?.close() : listen()));
listen();
