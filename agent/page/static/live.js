// Live: all cameras, their state with its reason, and what can be ordered.
import { Pictures, age, api, listen, order, say, text } from "./common.js";
import { steady } from "./steady.js";

const cards = new Map();

for (const card of document.querySelectorAll(".camera")) {
  const id = card.dataset.camera;
  const find = (name) => card.querySelector(name);
  const view = {
    card, id, find, live: false,
    pictures: new Pictures(id, find("img"), { shown: () => caption(view, "") }),
  };
  cards.set(id, view);
  find(".arm").addEventListener("click", () => arm(view));
  find(".private").addEventListener("click", () => privacy(view));
  find(".snooze").addEventListener("click", () => snooze(view));
  find(".snapshot").addEventListener("click", () => snapshot(view));
  find(".record").addEventListener("click", () => record(view));
  find(".overlay").addEventListener("click", () => overlay(view));
}

function caption(view, words) {
  view.find("figcaption").textContent = words;
  view.find("figure").classList.toggle("old", words !== "");
}

async function arm(view) {
  const armed = view.find(".arm").getAttribute("aria-checked") !== "true";
  await order(`cameras/${view.id}/settings`, { method: "POST", body: { values: { armed } } });
}

const on = (view, name) => view.find(name).getAttribute("aria-checked") === "true";

const privacy = (view) =>
  order(`cameras/${view.id}/settings`, { method: "POST", body: { values: { privacy: !on(view, ".private") } } });

const snooze = (view) =>
  order(`cameras/${view.id}/snooze`, { method: "POST", body: { minutes: on(view, ".snooze") ? 0 : 30 } });

async function snapshot(view) {
  const said = await order(`cameras/${view.id}/snapshot`, { method: "POST" }, text("snapshot_taken"));
  if (!said || !view.pictures.blob) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(view.pictures.blob);
  link.download = `${view.id}-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.jpg`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

const record = (view) =>
  order(`cameras/${view.id}/record`, { method: "POST", body: { seconds: 30 } }, text("recording_begun"));

function overlay(view) {
  view.pictures.overlay = !view.pictures.overlay;
  view.find(".overlay").setAttribute("aria-pressed", view.pictures.overlay);
}

async function update(view, camera) {
  view.find("h2").textContent = camera.name;
  const state = view.find(".state");
  state.dataset.state = camera.state;
  const word = text(`state_${camera.state}`);
  state.querySelector(".word").textContent =
    camera.live ? `${camera.moving ? `${text("moving")} · ` : ""}${word}, ${camera.fps} fps` : word;
  view.card.classList.toggle("moving", camera.moving);
  const switched = view.find(".arm");
  switched.setAttribute("aria-checked", camera.armed);
  switched.textContent = text(camera.armed ? "armed" : "disarmed");
  modes(view, camera);
  const record = view.find(".record");
  record.classList.toggle("on", camera.recording);
  record.textContent = text(camera.recording ? "recording_now" : "record");
  record.title = text(camera.recording ? "recording_help" : "record_help");
  for (const name of [".snapshot", ".record", ".overlay"]) view.find(name).disabled = !camera.live;
  record.disabled ||= camera.recording; // one clip at a time
  const problems = Object.values(camera.problems).filter(Boolean);
  const reason = view.find(".reason");
  reason.textContent = camera.live ? problems.join(" · ") : problems[0] || camera.reason;
  reason.hidden = reason.textContent === "";
  if (camera.width) view.find("figure").style.aspectRatio = `${camera.width} / ${camera.height}`;
  view.pictures.want(camera.live);
  if (!camera.live && (view.live || view.first === undefined || view.private !== camera.private)) {
    view.first = false;
    view.private = camera.private;
    view.since = Date.now();
    view.age = await view.pictures.last();
  }
  view.private = camera.private;
  view.live = camera.live;
  if (!camera.live) showAge(view);
}

function modes(view, camera) {
  const hidden = view.find(".private");
  hidden.setAttribute("aria-checked", camera.private);
  const quiet = view.find(".snooze");
  const until = camera.snoozed_until;
  quiet.setAttribute("aria-checked", until !== null);
  quiet.textContent = until === null ? text("snooze")
    : text("snoozed_until", { time: new Date(until).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }) });
  const plan = view.find(".schedule");
  plan.textContent = camera.schedule;
  plan.hidden = camera.schedule === "";
}

function showAge(view) {
  if (view.private) return caption(view, text("private_card"));
  if (view.live || view.since === undefined) return;
  const seconds = view.age === null ? null : view.age + (Date.now() - view.since) / 1000;
  caption(view, seconds === null ? text("no_picture") : text("last_picture", { age: age(seconds) }));
}

function summary(state) {
  const place = document.getElementById("summary");
  const told = new Set(state.cameras.flatMap(({ id, problems }) => Object.keys(problems).map((code) => `${id}_${code}`)));
  const others = Object.entries(state.problems).filter(([code]) => !told.has(code)); // the cards say those
  const store = state.store;
  const words = [`${state.name} ${state.version}`];
  words.push(`${text("store_word")}: ${store.state === "ok" && store.free_mib != null
    ? text("free", { gib: (store.free_mib / 1024).toFixed(1) }) : store.reason || store.state}`);
  words.push(`${text("broker_word")}: ${state.broker}`);
  place.textContent = words.join(" · ");
  if (state.status !== "ok" && others.length) {
    const bad = document.createElement("b");
    bad.textContent = ` · ${others.map(([code, why]) => why || code).join(" · ")}`;
    place.append(bad);
  }
}

function show(state) {
  const ids = new Set(state.cameras.map((camera) => camera.id));
  if (ids.size !== cards.size || [...ids].some((id) => !cards.has(id))) return location.reload();
  summary(state);
  for (const camera of state.cameras) update(cards.get(camera.id), camera);
}

/** Nobody knows any more what the cameras do: what is seen gets older. */
function lost() {
  for (const view of cards.values()) {
    const state = view.find(".state");
    state.dataset.state = "lost";
    state.querySelector(".word").textContent = text("state_lost");
    view.pictures.want(false);
    if (view.live) [view.since, view.age] = [view.pictures.at ?? Date.now(), view.pictures.at ? 0 : null];
    view.live = false;
    showAge(view);
  }
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select")) return;
  const number = Number(event.key);
  if (number >= 1) return [...cards.values()][number - 1]?.card.focus();
  const view = cards.get(event.target.closest?.(".camera")?.dataset.camera ?? (cards.size === 1 ? [...cards.keys()][0] : ""));
  const action = { a: arm, p: privacy, q: snooze, s: snapshot, r: record, o: overlay }[event.key.toLowerCase()];
  if (view && action && !(![arm, privacy, snooze].includes(action) && view.find(`.${action.name}`)?.disabled)) action(view);
});

setInterval(() => cards.forEach(showAge), 5000);
steady(document.getElementById("cameras"), "camera");
listen({ state: show, lost });
api("state").then(show).catch((error) => say(error.message));
