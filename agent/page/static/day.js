// Day: timeline, event cards, player, and why nothing fired.
import { api, clock, fillDays, local, make, order, say, text } from "./common.js";
import { steady } from "./steady.js";
import { Timeline } from "./timeline.js";

const form = document.getElementById("filter");
const player = document.getElementById("player");
const why = document.getElementById("why");
const list = document.getElementById("events");
const timeline = new Timeline(document.getElementById("timeline"), { picked: pick });
/** Sides of the square that is looked at: in motion boxes, and at least that part of the height. */
const BOXES = 3, PART = 0.5;
/** Cards that are made at a time: a day may have thousands. */
const PORTION = 60;
let day = null, portions = 1, loads = 0;
let timer;

const base = () => `cameras/${day.camera}/days/${day.day}`;
const fileOf = (event, kind) => `api/${base()}/events/${event.id}/files/${kind}`;

async function load({ days = false } = {}) {
  clearTimeout(timer);
  let over = false; // nothing is added to a day that is over; the newest one has another behind it
  const turn = ++loads, overtaken = () => turn !== loads; // another camera or day was chosen meanwhile
  try {
    const camera = form.camera.value;
    if (days) {
      const before = form.day.value, newest = form.day.options[0]?.value === before;
      const found = await fillDays(form.day, camera, () => !overtaken());
      // who looks at today goes on to the new day, but for what is being played
      if (found.includes(before) && !(newest && player.hidden)) form.day.value = before;
    }
    if (overtaken()) return;
    const found = await api(`cameras/${camera}/days/${form.day.value}`);
    if (overtaken()) return;
    day = found;
    over = Date.now() >= Date.parse(day.end);
    say(day.store);
    fill(form.zone, day.events.map((event) => event.zone));
    fill(form.label, day.events.map((event) => event.label));
    show();
  } catch (error) {
    if (overtaken()) return;
    say(error.message);
  }
  if (!over || form.day.value === form.day.options[0]?.value) again({ days: over });
}

function again(what, wait = 15000) {
  timer = setTimeout(() => (document.hidden ? again(what, 5000) : load(what)), wait);
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
    (day.left_out ? ` ${text("events_left_out", { n: day.left_out })}` : "") +
    (Date.parse(day.known_from) > Date.parse(day.begin) ? ` ${text("unknown_before", { time: local(day.known_from) })}` : "");
  const known = new Map([...list.children].map((card) => [card.dataset.event, card]));
  const most = portions * PORTION;
  document.getElementById("more").hidden = events.length <= most;
  const cards = events.slice(-most).reverse().map((event) => {
    const mark = JSON.stringify(event);
    const old = known.get(event.id);
    return old?.dataset.mark === mark ? old : card(event, mark);
  });
  arrange(cards);
}

/** Touches only what is new or gone: the rest keeps the keyboard's focus. */
function arrange(cards) {
  const had = document.activeElement, of = had.closest(".event")?.dataset.event;
  for (const old of [...list.children]) if (!cards.includes(old)) old.remove();
  cards.forEach((it, n) => { if (list.children[n] !== it) list.insertBefore(it, list.children[n] ?? null); });
  const anew = of && !had.isConnected && cards.find((it) => it.dataset.event === of);
  if (anew) (anew.querySelector(`.${had.classList[0] ?? "none"}`) ?? anew).focus({ preventScroll: true });
}

function card(event, mark) {
  const has = (kind) => event.files.includes(kind);
  const best = has("best") ? make("img", { src: fileOf(event, "best"), alt: "", loading: "lazy", decoding: "async", width: 640, height: 480 }) : null;
  const length = event.seconds == null ? text("running") : `${event.seconds.toFixed(1)} s`;
  const score = event.score == null ? "" : ` · ${text("score")} ${event.score.toFixed(2)} %`;
  const tags = [nameOf(event), event.zone].filter(Boolean).map((word) => make("span", { class: "tag" }, word));
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
      event.stored && event.label ? toggle("label", event.wrong_label, text("wrong_label"), "wrong-label", { value: !event.wrong_label }) : null,
      has("clip") ? make("a", { href: `${fileOf(event, "clip")}?download`, download: true }, text("download")) : null));
}

function more() {
  portions += 1;
  show();
}

/** What is shown from the beginning again. */
function fresh() {
  portions = 1;
  show();
}

/** What the classifier called it: the network's own word where it says more, and its score. */
function nameOf(event) {
  if (!event.label) return null;
  const word = event.label === "unknown" ? text("label_unknown") : event.label;
  const more = event.sub_label && event.sub_label !== event.label ? ` (${event.sub_label})` : "";
  return event.top_score == null ? word + more : text("seen", { name: word + more, score: event.top_score.toFixed(2) });
}

/** The part of a picture around the motion that is looked at for a name, with what was seen in it. */
function crop(event) {
  const kind = ["best", "n"].find((it) => event.files.includes(it));
  if (!event.label || !event.box || !kind) return null;
  const canvas = make("canvas", { width: 320, height: 320, role: "img", "aria-label": text("looked_at") });
  const image = new Image();
  image.onload = () => {
    const [wide, high] = [image.naturalWidth, image.naturalHeight], [x, y, w, h] = event.box;
    const side = Math.max(BOXES * Math.max(w * wide, h * high), PART * high);
    const across = Math.min(side, wide), down = Math.min(side, high), scale = 320 / Math.max(across, down);
    const left = Math.min(Math.max(0, (x + w / 2) * wide - across / 2), wide - across);
    const top = Math.min(Math.max(0, (y + h / 2) * high - down / 2), high - down);
    canvas.width = across * scale;
    canvas.height = down * scale;
    const brush = canvas.getContext("2d");
    brush.drawImage(image, left, top, across, down, 0, 0, canvas.width, canvas.height);
    if (!event.object_box) return;
    const [ox, oy, ow, oh] = event.object_box;
    brush.strokeStyle = "#5eead4";
    brush.lineWidth = 3;
    brush.strokeRect((ox * wide - left) * scale, (oy * high - top) * scale, ow * wide * scale, oh * high * scale);
  };
  image.src = fileOf(event, kind);
  return make("li", {}, canvas, make("span", {}, `${text("looked_at")}: ${nameOf(event)}`));
}

function play(event, film = false) {
  for (const one of list.children) one.classList.toggle("chosen", one.dataset.event === event.id);
  const canFilm = event.film && day.films.some((it) => it.part === event.film && it.playable);
  const source = film ? `api/${base()}/films/${event.film}#t=${event.film_at}` : fileOf(event, "clip");
  const video = event.playable || film
    ? make("video", { controls: true, autoplay: true, muted: true, playsinline: true, src: source })
    : make("p", { class: "hint" }, text("not_playable"));
  if (video.tagName === "VIDEO") video.addEventListener("error", () => whyNot(video));
  const frames = ["n-2", "n-1", "n", "delta"].filter((kind) => event.files.includes(kind)).map((kind) =>
    make("li", {}, make("a", { href: fileOf(event, kind), target: "_blank" }, make("img", { src: fileOf(event, kind), alt: text(`frame_${kind}`), loading: "lazy" })), make("span", {}, text(`frame_${kind}`))));
  player.replaceChildren(
    make("header", {}, make("h2", {}, event.local), make("div", { class: "buttons" },
      canFilm && !film ? make("button", { type: "button", class: "film", onclick: () => play(event, true) }, text("play_film")) : null,
      make("button", { type: "button", class: "shut", onclick: shut }, text("close")))),
    event.files.includes("clip") ? video : "",
    make("p", { class: "hint" }, event.text),
    frames.length ? make("ul", { class: "frames" }, crop(event), ...frames) : "");
  player.hidden = false;
  player.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

/** A browser calls also undecodable what it did not get: the agent is asked for the first byte. */
async function whyNot({ src, error }) {
  const answer = await fetch(src, { headers: { Range: "bytes=0-0" } }).catch(() => null);
  if (answer?.ok) {
    const undecodable = error && (error.code === MediaError.MEDIA_ERR_DECODE || error.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED);
    return say(text(undecodable ? "not_decodable" : "failed"));
  }
  const { store } = await api(base()).catch((failed) => ({ store: failed.message }));
  say(store || text(answer?.status === 404 ? "gone" : "failed"));
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
  const time = clock(second, day.clock_change);
  why.textContent = `${time} …`;
  try {
    const at = new Date(Date.parse(day.begin) + second * 1000).toISOString();
    const said = await api(`cameras/${day.camera}/why?at=${encodeURIComponent(at)}`);
    why.textContent = `${time}: ${said.text}`;
  } catch (error) {
    why.textContent = error.message;
  }
}

document.getElementById("more").addEventListener("click", more);
new IntersectionObserver((seen) => { if (seen.some((it) => it.isIntersecting)) more(); }, { rootMargin: "400px" })
  .observe(document.getElementById("more"));
document.getElementById("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const [hours, minutes, seconds = 0] = event.target.at.value.split(":").map(Number);
  if (!day) return;
  const second = hours * 3600 + minutes * 60 + seconds, [at, ahead] = day.clock_change ?? [Infinity, 0];
  pick(second >= at + ahead ? second - ahead : second, null);
});
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
    portions = 1;
    load({ days: true });
  } else if (event.target === form.day) { shut(); portions = 1; load(); } else if (day) fresh();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !player.hidden) shut();
});
addEventListener("resize", () => timeline.draw());
steady(list, "event");
const asked = new URLSearchParams(location.search).get("camera");
if ([...form.camera.options].some((option) => option.value === asked)) form.camera.value = asked;
load({ days: true });
