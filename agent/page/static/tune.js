// Tune: the numbers behind detection, the score beside its limits, and a sweep over a day.
import { Pictures, api, chosenCamera, listen, local, make, order, say, shape, text } from "./common.js";
import { level } from "./timeline.js";
import { trials } from "./trial.js";

const NUMBERS = {
  min_changed: { min: 0, max: 100, step: 0.01 }, max_changed: { min: 0, max: 100, step: 0.5 },
  pixel_threshold: { min: 1, max: 255, step: 1 }, post_frames: { min: 1, max: 1000, step: 1 },
  clear_delay: { min: 0, max: 600, step: 1 }, monitoring_interval: { min: 0, max: 86400, step: 1 },
};
const SWITCHES = ["record_on_motion", "beep_on_motion", "publish_scores"];
const SECONDS = 60, WIDE = 600, HIGH = 140;

let camera = null, pictures = null, stop = null, points = [];
const place = document.getElementById("numbers");
const chart = shape("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", role: "img", "aria-label": text("score_now") });
document.getElementById("scores").append(chart);

function build() {
  place.replaceChildren(...Object.keys(NUMBERS).map(number), ...SWITCHES.map(toggle));
}

function back(name) {
  return make("button", { type: "button", class: "back", "data-back": name, onclick: () => set(name, null) }, text("back"));
}

function number(name) {
  const input = make("input", { type: "number", id: `set-${name}`, name, ...NUMBERS[name], onchange: (event) => set(name, event.target.valueAsNumber) });
  return make("div", { class: "number" }, make("label", { for: `set-${name}` }, text(`set_${name}`)), input, back(name), make("span", { class: "origin", "data-origin": name }));
}

function toggle(name) {
  const input = make("input", { type: "checkbox", id: `set-${name}`, name, onchange: (event) => set(name, event.target.checked) });
  return make("div", { class: "number" }, make("label", { for: `set-${name}` }, input, text(`set_${name}`)), make("span", { class: "origin", "data-origin": name }), back(name));
}

async function set(name, value) {
  if (Number.isNaN(value)) return;
  await order(`cameras/${camera}/settings`, { method: "POST", body: { values: { [name]: value } } }, text("done"));
  api("state").then(show).catch((error) => say(error.message));
}

function show(state) {
  const it = state.cameras.find((one) => one.id === camera);
  if (!it) return;
  pictures.want(it.live);
  for (const name of [...Object.keys(NUMBERS), ...SWITCHES]) {
    const input = document.getElementById(`set-${name}`), value = it.settings[name];
    if (document.activeElement !== input) {
      if (input.type === "checkbox") input.checked = value; else input.value = value;
    }
    const { origin, since } = it.origins[name];
    const words = { default: text("origin_default"), file: text("origin_in_file") }[origin] ?? `${text("origin_command")} ${local(since)}`;
    place.querySelector(`[data-origin="${name}"]`).textContent = words;
    place.querySelector(`[data-back="${name}"]`).disabled = origin !== "command";
  }
}

function scored(rows) {
  points.push(...rows);
  const newest = points.at(-1)[0];
  points = points.filter(([at]) => newest - at <= SECONDS);
  draw(newest);
  const [, score, , , motion, reason] = points.at(-1);
  const words = motion ? text("verdict_motion", { score: score.toFixed(3) }) : `${text("verdict_quiet", { score: score.toFixed(3) })}${reason === "quiet" ? "" : ` (${reason})`}`;
  document.getElementById("verdict").textContent = words;
}

function draw(newest) {
  const x = (at) => WIDE - ((newest - at) / SECONDS) * WIDE;
  const line = (value) => points.map(([at, ...rest]) => `${x(at).toFixed(1)},${(level(value(rest)) * HIGH / 104).toFixed(1)}`).join(" ");
  const still = { "vector-effect": "non-scaling-stroke" };
  const dots = points.filter((point) => point[4]).map(([at, score]) =>
    shape("rect", { x: x(at) - 2, y: level(score) * HIGH / 104, width: 4, height: HIGH - level(score) * HIGH / 104, class: "t-event" }));
  chart.replaceChildren(...dots,
    shape("polyline", { points: line(([score]) => score), class: "t-line", ...still }),
    shape("polyline", { points: line(([, least]) => least), class: "t-limit", ...still }),
    shape("polyline", { points: line(([, , most]) => most), class: "t-limit", ...still }));
}

const fillTrial = trials(() => camera, () => ({ sweep: document.getElementById("sweep-what").value }));

build();
chosenCamera(document.getElementById("which").camera, async (id) => {
  camera = id;
  points = [];
  chart.replaceChildren();
  document.getElementById("verdict").textContent = text("verdict_none");
  pictures?.want(false);
  pictures = new Pictures(id, document.getElementById("picture"), { pause: 300 });
  pictures.overlay = true;
  stop?.();
  stop = listen({ state: show, score: scored, scores: id });
  pictures.last();
  await fillTrial();
});
