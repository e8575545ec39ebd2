// Day: timeline, event cards, player, and why nothing fired.
import { api, clock, fillDays, local, make, order, say, text } from "./common.js";
import { Timeline } from "./timeline.js";

const form = document.getElementById("filter");
const player = document.getElementById("player");
const why = document.getElementById("why");
const list = document.getElementById("events");
const timeline = new Timeline(document.getElementById("timeline"), { picked: pick });
let day = null;
let timer;

const base = () => `cameras/${day.camera}/days/${day.day}`;
const fileOf = (event, kind) => `api/${base()}/events/${event.id}/files/${kind}`;

async function load({ days = false } = {}) {
  clearTimeout(timer);
  try {
    const camera = form.camera.value;
    if (days) {
      const before = form.day.value;
      const found = await fillDays(form.day, camera);
      if (found.includes(before)) form.day.value = before;
    }
    day = await api(`cameras/${camera}/days/${form.day.value}`);
    say(day.store);
    fill(form.zone, day.events.map((event) => event.zone));
    fill(form.label, day.events.map((event) => event.label));
    show();
  } catch (error) {
    say(error.message);
  }
  timer = setTimeout(() => (document.hidden ? (timer = setTimeout(load, 5000)) : load()), 15000);
}

function fill(select, values) {
  const chosen = select.value;
  const names = [...new Set(values.filter(Boolean))].sort();
  select.replaceChildren(make("option", { value: "" }, text("all")), ...names.map((name) => make("option", { value: name }, name)));
  select.value = names.includes(chosen) ? chosen : "";
  select.disabled = names.length === 0;
}

function wanted() {
  return day.events.filter((event) =>
    (!form.zone.value || event.zone === form.zone.value) &&
    (!form.label.value || event.label === form.label.value) &&
    (!form.kept.checked || event.kept) && (!form.real.checked || !event.false_alarm));
}

function show() {
  const events = wanted();
  timeline.set(day, events);
  document.getElementById("count").textContent =
    (events.length ? text("events_count", { n: events.length }) : text("no_events")) +
    (Date.parse(day.known_from) > Date.parse(day.begin) ? ` ${text("unknown_before", { time: local(day.known_from) })}` : "");
  const known = new Map([...list.children].map((card) => [card.dataset.event, card]));
  const cards = events.toReversed().map((event) => {
    const mark = JSON.stringify(event);
    const old = known.get(event.id);
    return old?.dataset.mark === mark ? old : card(event, mark);
  });
  if (cards.length !== list.children.length || cards.some((it, n) => it !== list.children[n])) list.replaceChildren(...cards);
}

function card(event, mark) {
  const has = (kind) => event.files.includes(kind);
  const best = has("best") ? make("img", { src: fileOf(event, "best"), alt: "", loading: "lazy", decoding: "async", width: 640, height: 480 }) : null;
  const length = event.seconds == null ? text("running") : `${event.seconds.toFixed(1)} s`;
  const score = event.score == null ? "" : ` · ${text("score")} ${event.score.toFixed(2)} %`;
  const tags = [event.label, event.zone].filter(Boolean).map((word) => make("span", { class: "tag" }, word));
  const toggle = (name, on, words, path, body) =>
    make("button", { type: "button", "aria-pressed": String(on), class: name,
      onclick: async () => { if (await order(`${base()}/events/${event.id}/${path}`, { method: "POST", body })) load(); } }, words);
  return make("article", { class: `card event${event.false_alarm ? " false" : ""}`, "data-event": event.id, "data-mark": mark, tabindex: -1 },
    make("header", {}, make("h2", {}, event.local), make("span", {}, `${length}${score}`)),
    best ? make("figure", {}, best, make("button", { type: "button", "aria-label": `${text("play")} ${event.local}`, onclick: () => play(event) })) : null,
    tags.length ? make("p", {}, ...tags) : null,
    make("p", { class: "what" }, event.text),
    make("div", { class: "buttons" },
      has("clip") ? make("button", { type: "button", class: "play main", onclick: () => play(event) }, text("play")) : null,
      event.stored ? toggle("keep", event.kept, text(event.kept ? "kept" : "keep"), "keep", { keep: !event.kept }) : null,
      event.stored ? toggle("alarm", event.false_alarm, text("false_alarm"), "false-alarm", { value: !event.false_alarm }) : null,
      has("clip") ? make("a", { href: `${fileOf(event, "clip")}?download`, download: true }, text("download")) : null));
}

function play(event, film = false) {
  for (const one of list.children) one.classList.toggle("chosen", one.dataset.event === event.id);
  const canFilm = event.film && day.films.some((it) => it.part === event.film && it.playable);
  const source = film ? `api/${base()}/films/${event.film}#t=${event.film_at}` : fileOf(event, "clip");
  const video = event.playable || film
    ? make("video", { controls: true, autoplay: true, muted: true, playsinline: true, src: source })
    : make("p", { class: "hint" }, text("not_playable"));
  if (video.tagName === "VIDEO") video.addEventListener("error", () => storeSays());
  const frames = ["n-2", "n-1", "n", "delta"].filter((kind) => event.files.includes(kind)).map((kind) =>
    make("li", {}, make("a", { href: fileOf(event, kind), target: "_blank" }, make("img", { src: fileOf(event, kind), alt: text(`frame_${kind}`), loading: "lazy" })), make("span", {}, text(`frame_${kind}`))));
  player.replaceChildren(
    make("header", {}, make("h2", {}, event.local), make("div", { class: "buttons" },
      canFilm && !film ? make("button", { type: "button", class: "film", onclick: () => play(event, true) }, text("play_film")) : null,
      make("button", { type: "button", class: "shut", onclick: shut }, text("close")))),
    event.files.includes("clip") ? video : "",
    make("p", { class: "hint" }, event.text),
    frames.length ? make("ul", { class: "frames" }, ...frames) : "");
  player.hidden = false;
  player.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

async function storeSays() {
  const { store } = await api(base()).catch((error) => ({ store: error.message }));
  say(store || text("failed"));
}

function shut() {
  player.replaceChildren();
  player.hidden = true;
  for (const one of list.children) one.classList.remove("chosen");
}

async function pick(second, event) {
  if (event) {
    why.textContent = `${event.local}: ${event.text}`;
    return play(event);
  }
  why.textContent = `${clock(second)} …`;
  try {
    const at = new Date(Date.parse(day.begin) + second * 1000).toISOString();
    const said = await api(`cameras/${day.camera}/why?at=${encodeURIComponent(at)}`);
    why.textContent = `${clock(second)}: ${said.text}`;
  } catch (error) {
    why.textContent = error.message;
  }
}

document.getElementById("closer").addEventListener("click", () => timeline.zoom(0.5, lastOr()));
document.getElementById("whole").addEventListener("click", () => timeline.all());
document.getElementById("earlier").addEventListener("click", () => timeline.move(-0.5));
document.getElementById("later").addEventListener("click", () => timeline.move(0.5));

/** Closer to the last event that is shown, not to an empty night. */
function lastOr() {
  const seen = timeline.events.map((event) => timeline.second(event.begin)).filter((at) => at >= timeline.from && at <= timeline.to);
  return seen.length ? seen.at(-1) : (timeline.from + timeline.to) / 2;
}

form.addEventListener("change", (event) => {
  if (event.target === form.camera) {
    history.replaceState(null, "", `?camera=${form.camera.value}`);
    shut();
    load({ days: true });
  } else if (event.target === form.day) { shut(); load(); } else show();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !player.hidden) shut();
});
addEventListener("resize", () => timeline.draw());
const asked = new URLSearchParams(location.search).get("camera");
if ([...form.camera.options].some((option) => option.value === asked)) form.camera.value = asked;
load({ days: true });
