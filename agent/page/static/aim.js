// Aim: zones, privacy polygons and a mask, drawn with mouse, finger or keys over the live picture.
import { Pictures, api, chosenCamera, listen, local, make, order, say, shape, text } from "./common.js";
import { trials } from "./trial.js";

const svg = document.getElementById("drawing");
const image = document.getElementById("picture");
const stage = document.getElementById("stage");
const brush = document.getElementById("brush");
const SIZE = 1000, NEAR = 14;

let camera = null, pictures = null, view = null;
let shapes = [], strokes = [];   // shapes: {kind: look|ignore|privacy, name, points, own}
let draft = null, tool = null, stroke = null, drag = null;
let past = [], checking;

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
    zones[it.name] = { ...it.own, polygon: it.points, mode: it.kind };
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

function draw() {
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
  return shape("circle", { cx, cy, r: 7 * scale, class: "corner", "data-corner": id, ...(id ? { tabindex: 0, role: "button", "aria-label": label } : {}) });
}

function list() {
  const place = document.getElementById("shapes");
  const rows = shapes.map((it, n) => make("li", {},
    it.kind === "privacy" ? null : make("input", { value: it.name, "aria-label": text("name"), maxlength: 32, onchange: (event) => rename(it, event.target.value) }),
    make("small", {}, text(`shape_${it.kind}`)),
    make("button", { type: "button", onclick: () => { remember(); shapes.splice(n, 1); changed(); } }, text("remove"))));
  if (strokes.length) {
    rows.push(make("li", {}, make("small", {}, text("shape_mask")),
      make("button", { type: "button", onclick: () => { remember(); strokes = []; changed(); } }, text("remove"))));
  }
  place.replaceChildren(...(rows.length ? rows : [make("li", {}, make("small", {}, text("no_shapes")))]));
}

function rename(it, wanted) {
  const name = wanted.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "").slice(0, 32);
  if (name && !shapes.some((other) => other !== it && other.name === name)) {
    remember();
    it.name = name;
  }
  changed();
}

function changed() {
  draw();
  list();
  clearTimeout(checking);
  checking = setTimeout(check, 250);
}

async function check() {
  const looks = document.getElementById("looks");
  try {
    const said = await api(`cameras/${camera}/aim/check`, { method: "POST", body: aim() });
    looks.textContent = text("looks_at", { pct: said.looks_at_pct });
    looks.classList.remove("bad");
    document.getElementById("yaml").textContent = said.yaml;
    document.getElementById("apply").disabled = !dirty();
  } catch (error) {
    looks.textContent = error.message;
    looks.classList.add("bad");
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

function near(one, other) {
  const [ax, ay] = toView(one), [bx, by] = toView(other);
  return Math.hypot(ax - bx, ay - by) < (NEAR * SIZE) / Math.max(1, stage.clientWidth);
}

svg.addEventListener("pointerdown", (event) => {
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
    changed();
  } else if (drag) {
    drag = null;
    changed();
  }
}
svg.addEventListener("pointerup", release);
svg.addEventListener("pointercancel", release);
svg.addEventListener("dblclick", close);

svg.addEventListener("keydown", (event) => {
  if (event.key === "Enter") return close();
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
    changed();
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
  const wanted = aim();
  if (await order(`cameras/${camera}/aim`, { method: "POST", body: wanted }, text("applied"))) await load();
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
  view = await api(`cameras/${camera}/aim`);
  take(view.aim);
  view.mark = JSON.stringify(aim());
  past = [];
  changed();
}

chosenCamera(document.getElementById("which").camera, async (id) => {
  camera = id;
  pictures?.want(false);
  pictures = new Pictures(id, image, { pause: 700 });
  image.onload = draw;
  try {
    await load();
    await pictures.last();
    await fillTrial();
  } catch (error) { say(error.message); }
});

listen({ state: (state) => pictures?.want(state.cameras.find((it) => it.id === camera)?.live ?? false) });
addEventListener("resize", draw);
