// Aim: zones, privacy polygons and a mask, drawn with mouse, finger or keys over the live picture.
import { Pictures, api, chosenCamera, listen, local, make, order, say, shape, text } from "./common.js";
import { trials } from "./trial.js";

const svg = document.getElementById("drawing");
const image = document.getElementById("picture");
const stage = document.getElementById("stage");
const brush = document.getElementById("brush");
const FINGER = matchMedia("(pointer: coarse)").matches;
const SIZE = 1000, NEAR = FINGER ? 24 : 14, CORNER = FINGER ? 13 : 7;

let camera = null, pictures = null, view = null, state = null; // no view: it is not known yet what is in force
let shapes = [], strokes = [];   // shapes: {kind: look|watch|ignore|privacy, name, points, own}
let removed = {};                // own of zones that were taken away, by name
let draft = null, tool = null, stroke = null, drag = null;
let past = [], checking, checks = 0;

const high = () => (SIZE * (image.naturalHeight || 480)) / (image.naturalWidth || 640);
const toView = ([x, y]) => [x * SIZE, y * high()];
const round = (value) => Math.round(Math.min(1, Math.max(0, value)) * 10000) / 10000;

function toPoint(event) {
  const box = svg.getBoundingClientRect();
  return [round((event.clientX - box.left) / box.width), round((event.clientY - box.top) / box.height)];
}

// ------------------------------------------------------------------ what is drawn

function aim() {
  const zones = {};
  for (const it of shapes.filter((one) => one.kind !== "privacy")) {
    const { dwell, came_from, ...limits } = it.own;
    const own = { look: { ...limits, dwell, came_from }, watch: limits, ignore: {} }[it.kind];
    zones[it.name] = { ...own, polygon: it.points, mode: it.kind };
  }
  return { zones, privacy: shapes.filter((it) => it.kind === "privacy").map((it) => it.points), mask: strokes };
}

function take(given) {
  const own = ({ polygon: _points, mode: _mode, ...rest }) => rest;
  shapes = [
    ...Object.entries(given.zones).map(([name, zone]) => ({ kind: zone.mode, name, points: zone.polygon, own: own(zone) })),
    ...given.privacy.map((points) => ({ kind: "privacy", name: "", points, own: {} })),
  ];
  strokes = [...given.mask];
  removed = {};
  draft = null;
}

const snapshot = () => JSON.stringify([shapes, strokes]);

function remember() {
  past.push(snapshot());
  if (past.length > 100) past.shift();
}

function freeName() {
  for (let n = 1; ; n++) if (!shapes.some((it) => it.name === `zone_${n}`)) return `zone_${n}`;
}

// ------------------------------------------------------------------ drawing

let frame = 0;

/** Once for each frame of the screen, however often something moves. */
function draw() {
  frame ||= requestAnimationFrame(drawNow);
}

function drawNow() {
  cancelAnimationFrame(frame);
  frame = 0;
  const width = SIZE;
  svg.setAttribute("viewBox", `0 0 ${width} ${high()}`);
  const focus = document.activeElement?.dataset?.corner;
  const parts = strokes.concat(stroke ?? []).map((it) => shape("polyline", {
    points: it.points.concat(it.points.length === 1 ? [it.points[0]] : []).map((point) => toView(point).join()).join(" "),
    class: it.hides ? "s-mask" : "s-mask shown", "stroke-width": it.width * width,
  }));
  shapes.forEach((it, n) => {
    parts.push(shape("polygon", { points: it.points.map((point) => toView(point).join()).join(" "), class: `s-${it.kind}`, "stroke-width": 3 }));
    if (tool === "hide" || tool === "show") return;
    it.points.forEach((point, k) => parts.push(corner(point, `${n}.${k}`, `${it.name || text("shape_privacy")} ${k + 1}`)));
  });
  if (draft) {
    parts.push(shape("polyline", { points: draft.points.map((point) => toView(point).join()).join(" "), class: "s-draft", "stroke-width": 3 }));
    draft.points.forEach((point, k) => parts.push(corner(point, "", String(k + 1))));
  }
  svg.replaceChildren(...parts);
  if (focus) svg.querySelector(`[data-corner="${focus}"]`)?.focus();
}

function corner(point, id, label) {
  const [cx, cy] = toView(point);
  const scale = SIZE / Math.max(1, stage.clientWidth);
  return shape("circle", { cx, cy, r: CORNER * scale, class: "corner", "data-corner": id, ...(id ? { tabindex: 0, role: "button", "aria-label": label } : {}) });
}

function list() {
  const place = document.getElementById("shapes");
  const rows = shapes.map((it, n) => make("li", {},
    it.kind === "privacy" ? null : make("input", { value: it.name, "aria-label": text("name"), maxlength: 32, onchange: (event) => rename(it, event.target.value) }),
    it.kind === "privacy" ? make("small", {}, text("shape_privacy")) : kind(it),
    ...(it.kind === "look" ? [dwell(it), cameFrom(it)] : []),
    make("button", { type: "button", onclick: () => { remember(); removed[it.name] = it.own; shapes.splice(n, 1); changed(); } }, text("remove"))));
  if (strokes.length) {
    rows.push(make("li", {}, make("small", {}, text("shape_mask")),
      make("button", { type: "button", onclick: () => { remember(); strokes = []; changed(); } }, text("remove"))));
  }
  place.replaceChildren(...(rows.length ? rows : [make("li", {}, make("small", {}, text("no_shapes")))]));
}

function kind(it) {
  const options = ["look", "watch", "ignore"].map((one) => make("option", { value: one, selected: one === it.kind }, text(`shape_${one}`)));
  return make("select", { "aria-label": text("kind"), onchange: (event) => { remember(); it.kind = event.target.value; changed(); } }, ...options);
}

function dwell(it) {
  const input = make("input", { type: "number", min: 0, max: 3600, step: 0.5, value: it.own.dwell ?? "", class: "dwell", onchange: (event) => {
    remember();
    it.own.dwell = event.target.valueAsNumber > 0 ? event.target.valueAsNumber : null;
    changed();
  } });
  return make("label", {}, text("dwell"), " ", input);
}

function cameFrom(it) {
  const names = shapes.filter((one) => one !== it && ["look", "watch"].includes(one.kind)).map((one) => one.name);
  const options = ["", ...names].map((one) => make("option", { value: one, selected: one === (it.own.came_from ?? "") }, one || text("anywhere")));
  return make("label", {}, text("came_from"), " ", make("select", { onchange: (event) => { remember(); it.own.came_from = event.target.value || null; changed(); } }, ...options));
}

// a zone that is drawn anew under its old name has its numbers again; others go on naming it
function rename(it, wanted) {
  const name = wanted.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "").slice(0, 32);
  if (name && !shapes.some((other) => other !== it && other.name === name)) {
    remember();
    for (const other of shapes) if (other.own.came_from === it.name) other.own.came_from = name;
    if (Object.values(it.own).every((value) => value === null)) it.own = removed[name] ?? it.own;
    it.name = name;
  }
  changed();
}

/** `moved`: the list says the same as before. */
function changed({ moved = false } = {}) {
  draw();
  if (!moved) list();
  clearTimeout(checking);
  checking = setTimeout(check, 250);
}

async function check() {
  const looks = document.getElementById("looks"), copy = document.getElementById("copy");
  const turn = ++checks; // an answer that was overtaken says nothing
  try {
    const said = await api(`cameras/${camera}/aim/check`, { method: "POST", body: aim() });
    if (turn !== checks) return;
    looks.textContent = text("looks_at", { pct: said.looks_at_pct });
    looks.classList.remove("bad");
    document.getElementById("yaml").textContent = said.yaml;
    copy.disabled = said.yaml === "";
    document.getElementById("apply").disabled = !dirty();
  } catch (error) {
    if (turn !== checks) return;
    looks.textContent = error.message;
    looks.classList.add("bad");
    copy.disabled = true;
    document.getElementById("apply").disabled = true;
  }
  origin();
}

const dirty = () => JSON.stringify(aim()) !== view.mark;

function origin() {
  const words = view.origin === "page" ? text("origin_page", { time: local(view.since) }) : text("origin_file");
  document.getElementById("origin").textContent = dirty() ? `${words} ${text("changed")}` : words;
  document.getElementById("revert").disabled = view.origin !== "page";
  document.getElementById("undo").disabled = past.length === 0;
  document.getElementById("not-yaml").hidden = strokes.length === 0;
}

// ------------------------------------------------------------------ mouse, finger, keys

function choose(next) {
  tool = tool === next ? null : next;
  draft = null;
  for (const button of document.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", button.dataset.tool === tool);
  draw();
}

function close() {
  if (!draft || draft.points.length < 3) return;
  remember();
  shapes.push({ kind: tool, name: tool === "privacy" ? "" : freeName(), points: draft.points, own: {} });
  draft = null;
  changed();
}

/** Without mouse or finger: a rectangle whose corners the arrow keys move. */
function suggest() {
  if (!["look", "ignore", "privacy"].includes(tool)) return;
  draft = { points: [[0.35, 0.35], [0.65, 0.35], [0.65, 0.65], [0.35, 0.65]] };
  close();
  drawNow();
  svg.querySelector(`[data-corner="${shapes.length - 1}.0"]`)?.focus();
}

function near(one, other) {
  const [ax, ay] = toView(one), [bx, by] = toView(other);
  return Math.hypot(ax - bx, ay - by) < (NEAR * SIZE) / Math.max(1, stage.clientWidth);
}

svg.addEventListener("pointerdown", (event) => {
  if (!view) return;
  const point = toPoint(event);
  svg.setPointerCapture(event.pointerId);
  if (tool === "hide" || tool === "show") {
    stroke = { hides: tool === "hide", width: brush.value / 100, points: [point] };
    return draw();
  }
  const id = event.target.dataset?.corner;
  if (id) {
    remember();
    drag = id.split(".").map(Number);
    event.target.focus();
    return;
  }
  if (!tool) return;
  draft ??= { points: [] };
  if (draft.points.length >= 3 && near(point, draft.points[0])) return close();
  if (!draft.points.length || !near(point, draft.points.at(-1))) draft.points.push(point);
  draw();
});

svg.addEventListener("pointermove", (event) => {
  if (stroke && stroke.points.length < 500) {
    const point = toPoint(event);
    if (Math.hypot(point[0] - stroke.points.at(-1)[0], point[1] - stroke.points.at(-1)[1]) > 0.004) stroke.points.push(point);
    draw();
  } else if (drag) {
    shapes[drag[0]].points[drag[1]] = toPoint(event);
    draw();
  }
});

function release() {
  if (stroke) {
    remember();
    strokes.push(stroke);
    stroke = null;
    changed({ moved: strokes.length > 1 });
  } else if (drag) {
    drag = null;
    changed({ moved: true });
  }
}
svg.addEventListener("pointerup", release);
svg.addEventListener("pointercancel", release);
svg.addEventListener("dblclick", close);

svg.addEventListener("keydown", (event) => {
  if (!view) return;
  if (event.key === "Enter") return draft ? close() : event.target === svg && suggest();
  if (event.key === "Escape") { draft = null; return draw(); }
  const id = event.target.dataset?.corner;
  if (!id) return;
  const [n, k] = id.split(".").map(Number);
  const step = event.shiftKey ? 0.05 : 0.005;
  const move = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
  if (move) {
    event.preventDefault();
    remember();
    shapes[n].points[k] = shapes[n].points[k].map((value, axis) => round(value + move[axis]));
    changed({ moved: true });
  } else if (event.key === "Delete" || event.key === "Backspace") {
    remember();
    shapes[n].points.splice(k, 1);
    if (shapes[n].points.length < 3) shapes.splice(n, 1);
    changed();
  }
});

for (const button of document.querySelectorAll("[data-tool]")) button.addEventListener("click", () => choose(button.dataset.tool));

document.getElementById("undo").addEventListener("click", () => {
  const before = past.pop();
  if (before) [shapes, strokes] = JSON.parse(before);
  changed();
});

document.getElementById("apply").addEventListener("click", async () => {
  const wanted = aim(), path = `cameras/${camera}/aim`;
  const now = await order(path);
  if (!now) return;
  if (JSON.stringify(now.aim) !== JSON.stringify(view.aim)) { // another browser, or the file: see it first
    view.aim = now.aim;
    return say(text("aim_changed"));
  }
  if (await order(path, { method: "POST", body: wanted }, text("applied"))) await load();
});

document.getElementById("revert").addEventListener("click", async () => {
  if (await order(`cameras/${camera}/aim`, { method: "DELETE" }, text("reverted"))) await load();
});

document.getElementById("copy").addEventListener("click", async () => {
  const yaml = document.getElementById("yaml");
  try {
    await navigator.clipboard.writeText(yaml.textContent);
    say(text("copied"), true);
  } catch { // without TLS a browser has no clipboard: it is chosen, so that Ctrl-C takes it
    yaml.closest("details").open = true;
    getSelection().selectAllChildren(yaml);
  }
});

// ------------------------------------------------------------------ the camera

const fillTrial = trials(() => camera, () => ({ aim: aim() }));

async function load() {
  const wanted = camera, found = await api(`cameras/${wanted}/aim`);
  if (camera !== wanted) return; // another one was chosen meanwhile
  view = found;
  take(view.aim);
  view.mark = JSON.stringify(aim());
  past = [];
  changed();
  look();
}

chosenCamera(document.getElementById("which").camera, async (id) => {
  camera = id;
  pictures?.leave();
  pictures = new Pictures(id, image, { pause: 700 });
  image.onload = draw;
  for (const name of ["apply", "revert", "undo", "copy"]) document.getElementById(name).disabled = true;
  clearTimeout(checking);
  checks += 1; // what is still to be answered is of the camera before
  view = null;
  draft = stroke = drag = null;
  past = [];
  take({ zones: {}, privacy: [], mask: [] });
  draw();
  document.getElementById("shapes").replaceChildren();
  try {
    await load();
    await Promise.all([pictures.last(), fillTrial()]);
  } catch (error) { say(error.message); }
});

/** A picture to draw on, once it is known what is in force. */
const look = () => pictures?.want(view !== null && (state?.cameras.find((it) => it.id === camera)?.live ?? false));

listen({ state: (said) => { state = said; look(); } });
addEventListener("resize", draw);
addEventListener("beforeunload", (event) => { if (view && (draft || dirty())) event.preventDefault(); });
