// Tune: the numbers behind detection, the score beside its limits, and a sweep over a day.
import { Pictures, api, chosenCamera, listen, local, make, order, say, shape, text } from "./common.js";
import { level, scale } from "./timeline.js";
import { trials } from "./trial.js";

const NUMBERS = {
  min_changed: { min: 0, max: 100, step: 0.01 }, max_changed: { min: 0, max: 100, step: 0.5 },
  pixel_threshold: { min: 1, max: 255, step: 1 }, post_frames: { min: 1, max: 1000, step: 1 },
  max_event_seconds: { min: 0, max: 86400, step: 1 },
  clear_delay: { min: 0, max: 600, step: 1 }, monitoring_interval: { min: 0, max: 86400, step: 1 },
};
const SWITCHES = ["record_on_motion", "beep_on_motion", "publish_scores"];
const PLACES = ["low", "normal", "high", "custom"];
const SECONDS = 60, WIDE = 600, HIGH = 140;

let camera = null, pictures = null, stop = null, points = [];
const place = document.getElementById("numbers");
const chart = shape("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", role: "img", "aria-label": text("score_now") });
document.getElementById("scores").append(chart);

function build() {
  place.replaceChildren(places(), ...Object.keys(NUMBERS).map(number), ...SWITCHES.map(toggle));
}

function back(name) {
  return make("button", { type: "button", class: "back", "data-back": name, onclick: () => set(name, null) }, text("back"));
}

// custom is what it says of other numbers: nobody can choose it
function places() {
  const options = PLACES.map((it) => make("option", { value: it, disabled: it === "custom" }, text(`place_${it}`)));
  const select = make("select", { id: "set-sensitivity", name: "sensitivity", onchange: (event) => set("sensitivity", event.target.value) }, ...options);
  return make("div", { class: "number" }, make("label", { for: "set-sensitivity" }, text("set_sensitivity")), select, back("sensitivity"), make("span", { class: "origin", "data-origin": "sensitivity" }));
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
  api("state").then((state) => show(state, name)).catch((error) => say(error.message));
}

/** What a number means: some mean something else to the profile `robust`. */
function named(name, profile) {
  const own = text(`robust_${name}`);
  return profile === "robust" && own !== `robust_${name}` ? own : text(`set_${name}`);
}

/** `answered`: a setting whose value in force is shown also where somebody is about to type. */
function show(state, answered = null) {
  const it = state.cameras.find((one) => one.id === camera);
  if (!it) return;
  pictures.want(it.live);
  propose(it.proposal);
  for (const name of ["sensitivity", ...Object.keys(NUMBERS), ...SWITCHES]) {
    const input = document.getElementById(`set-${name}`), value = it.settings[name];
    input.closest(".number").hidden = !(name in it.origins); // it does nothing in this profile
    if (!(name in it.origins)) continue;
    if (document.activeElement !== input || name === answered) {
      if (input.type === "checkbox") input.checked = value; else input.value = value;
    }
    const words = named(name, it.profile);
    const label = place.querySelector(`label[for="set-${name}"]`);
    if (label.lastChild.textContent !== words) label.lastChild.textContent = words;
    const option = document.querySelector(`#sweep-what option[value="${name}"]`);
    if (option) option.textContent = words;
    const { origin, since } = it.origins[name];
    const from = { default: text("origin_default"), file: text("origin_in_file") }[origin] ?? `${text("origin_command")} ${local(since)}`;
    place.querySelector(`[data-origin="${name}"]`).textContent = from;
    place.querySelector(`[data-back="${name}"]`).disabled = origin !== "command";
  }
}

function propose(made) {
  document.getElementById("proposal").hidden = !made;
  if (!made) return;
  const price = { spares: made.spares.length, false: made.judged_false, costs: made.costs.length, others: made.judged_others };
  document.getElementById("proposal-what").textContent = made.text || text("proposal_none");
  document.getElementById("proposal-price").textContent = made.text ? text("proposal_price", price) : "";
  document.getElementById("proposal-yaml").textContent = made.yaml;
}

function scored(rows) {
  points.push(...rows);
  const newest = points.at(-1)[0];
  points = points.filter(([at]) => newest - at <= SECONDS);
  draw(newest);
  const [, score, , , motion, reason] = points.at(-1);
  const words = motion ? text("verdict_motion", { score: score.toFixed(3) }) : `${text("verdict_quiet", { score: score.toFixed(3) })}${reason === "quiet" ? "" : ` (${text(`reason_${reason}`)})`}`;
  document.getElementById("verdict").textContent = words;
}

function draw(newest) {
  const x = (at) => WIDE - ((newest - at) / SECONDS) * WIDE;
  const line = (value) => points.map(([at, ...rest]) => `${x(at).toFixed(1)},${(level(value(rest)) * HIGH / 104).toFixed(1)}`).join(" ");
  const still = { "vector-effect": "non-scaling-stroke" };
  const dots = points.filter((point) => point[4]).map(([at, score]) =>
    shape("rect", { x: x(at) - 2, y: level(score) * HIGH / 104, width: 4, height: HIGH - level(score) * HIGH / 104, class: "t-event" }));
  chart.replaceChildren(...scale(chart.parentElement, WIDE, HIGH, HIGH / 104), ...dots,
    shape("polyline", { points: line(([score]) => score), class: "t-line", ...still }),
    shape("polyline", { points: line(([, least]) => least), class: "t-limit", ...still }),
    ...(points.at(-1)[3] === null ? [] : [shape("polyline", { points: line(([, , most]) => most ?? 100), class: "t-limit", ...still })]));
}

const fillTrial = trials(() => camera, () => ({ sweep: document.getElementById("sweep-what").value }));

build();
chosenCamera(document.getElementById("which").camera, async (id) => {
  camera = id;
  points = [];
  chart.replaceChildren();
  document.getElementById("verdict").textContent = text("verdict_none");
  pictures?.leave();
  pictures = new Pictures(id, document.getElementById("picture"), { pause: 300 });
  pictures.overlay = true;
  stop?.();
  stop = listen({ state: show, score: scored, scores: id });
  pictures.last();
  await fillTrial();
});
