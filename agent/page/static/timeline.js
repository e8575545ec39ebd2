// The timeline of a day as SVG: score curve, limit, events and spans; pure drawing.
import { clock, shape, text } from "./common.js";

const WIDTH = 1000, TOP = 6, FLOOR = 100, EVENTS = 104, EVENT_HIGH = 14, HIGH = 140;
const STEPS = [3 * 3600, 3600, 1800, 600, 300, 60, 30, 10];

/** Scores are shown by their logarithm: 0.01 % to 100 %. */
export function level(score) {
  const part = (Math.log10(Math.max(score, 0.01)) + 2) / 4;
  return FLOOR - Math.min(1, part) * (FLOOR - TOP);
}

/** Lines at 0.1, 1 and 10 %, and their words, in a drawing that is stretched to its place. */
export function scale(place, wide, high, factor = 1) {
  const squeeze = wide / Math.max(1, place.clientWidth), tall = high / Math.max(1, place.clientHeight);
  return [0.1, 1, 10].flatMap((score) => {
    const y = level(score) * factor;
    return [shape("line", { x1: 0, x2: wide, y1: y, y2: y, class: "t-scale", "vector-effect": "non-scaling-stroke" }),
      shape("text", { transform: `translate(${3 * squeeze} ${y - 2 * tall}) scale(${squeeze} ${tall})` }, `${score} %`)];
  });
}

export class Timeline {
  constructor(place, { picked }) {
    this.place = place;
    this.picked = picked;
    this.svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HIGH}`, preserveAspectRatio: "none", role: "img" });
    place.append(this.svg);
    this.svg.addEventListener("click", (event) => this.click(event));
    place.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.shiftKey) return;
      event.preventDefault();
      this.zoom(event.deltaY > 0 ? 1.5 : 1 / 1.5, this.at(event));
    }, { passive: false });
    this.whole = 86400;
    this.from = 0;
    this.to = 86400;
  }

  set(day, events) {
    this.begin = Date.parse(day.begin) / 1000;
    this.whole = Date.parse(day.end) / 1000 - this.begin;
    if (this.day !== day.day) { this.from = 0; this.to = this.whole; }
    this.day = day.day;
    this.data = day;
    this.events = events;
    this.draw();
  }

  zoom(factor, around = (this.from + this.to) / 2) {
    const span = Math.min(this.whole, Math.max(60, (this.to - this.from) * factor));
    const part = (around - this.from) / (this.to - this.from);
    this.show(around - part * span, span);
  }

  move(part) { this.show(this.from + part * (this.to - this.from), this.to - this.from); }

  all() { this.show(0, this.whole); }

  show(from, span) {
    this.from = Math.max(0, Math.min(from, this.whole - span));
    this.to = this.from + span;
    this.draw();
  }

  at(event) {
    const box = this.svg.getBoundingClientRect();
    return this.from + ((event.clientX - box.left) / box.width) * (this.to - this.from);
  }

  click(event) {
    const second = this.at(event);
    const near = ((this.to - this.from) / this.svg.getBoundingClientRect().width) * 6;
    const hit = this.events.find((it) => {
      const begin = this.second(it.begin);
      return second >= begin - near && second <= begin + (it.seconds ?? 0) + near;
    });
    this.picked(second, hit ?? null);
  }

  second(moment) { return Date.parse(moment) / 1000 - this.begin; }

  x(second) { return ((second - this.from) / (this.to - this.from)) * WIDTH; }

  draw() {
    if (!this.data) return;
    const parts = [...this.spans(), ...this.grid(), ...scale(this.place, WIDTH, HIGH), ...this.curve(), ...this.bars(), ...this.now()];
    this.svg.replaceChildren(...parts);
    this.svg.setAttribute("aria-label", text("timeline_is", { day: this.data.day, n: this.events.length }));
  }

  /** Boxes in order; those of one look that nobody could tell apart on the screen are one. */
  boxes(wanted) {
    const apart = WIDTH / Math.max(1, this.place.clientWidth), open = new Map(), found = [];
    for (const { begin, end, top, high, name, least, words } of wanted) {
      const left = this.x(begin), right = Math.max(left + least, this.x(end)), last = open.get(name);
      if (left > WIDTH || right < 0) continue;
      if (last && left - last.right < apart) {
        last.right = Math.max(last.right, right);
        last.more += 1;
      } else open.set(name, found[found.push({ left, right, top, high, name, words, more: 0 }) - 1]);
    }
    return found.map((it) => shape("rect", { x: it.left, y: it.top, width: it.right - it.left, height: it.high, class: it.name },
      shape("title", {}, it.more ? `${it.words} (+${it.more})` : it.words)));
  }

  spans() {
    return this.boxes(this.data.spans.map((span) => {
      const low = span.kind === "suppressed", [top, high] = low ? [EVENTS + 2, EVENT_HIGH - 4] : [0, FLOOR];
      return { begin: this.second(span.begin), end: this.second(span.end), top, high, name: `t-${span.kind}`, least: low ? 2 : 0.5, words: span.text };
    }));
  }

  /** Where the day has come to. */
  now() {
    const at = Date.now() / 1000 - this.begin, x = this.x(at);
    if (at > this.whole || x < 0 || x > WIDTH) return [];
    return [shape("line", { x1: x, x2: x, y1: 0, y2: HIGH - 18, class: "t-now", "vector-effect": "non-scaling-stroke" })];
  }

  grid() {
    const span = this.to - this.from;
    const most = Math.max(3, Math.floor(this.place.clientWidth / 75));
    const step = STEPS.findLast((size) => span / size <= most) ?? STEPS[0];
    const parts = [];
    for (let at = Math.ceil(this.from / step) * step; at <= this.to; at += step) {
      const x = this.x(at);
      parts.push(shape("line", { x1: x, x2: x, y1: 0, y2: HIGH - 18, class: "t-grid", "vector-effect": "non-scaling-stroke" }));
      const words = clock(at, this.data.clock_change);
      if (x < WIDTH - 30) parts.push(this.label(x, step < 60 ? words : words.slice(0, 5)));
    }
    return parts;
  }

  /** Text is not stretched with the drawing. */
  label(x, words) {
    const squeeze = WIDTH / Math.max(1, this.place.clientWidth);
    const tall = HIGH / Math.max(1, this.place.clientHeight);
    return shape("text", { transform: `translate(${x + 3 * squeeze} ${HIGH - 5}) scale(${squeeze} ${tall})` }, words);
  }

  curve() {
    const seen = this.data.curve.filter(([at]) => at >= this.from - 60 && at <= this.to + 60);
    if (!seen.length) return [];
    let path = "", limit = "", before = null;
    for (const [at, score, least] of seen) {
      const x = this.x(at).toFixed(1), y = level(score).toFixed(1);
      if (before === null || at - before > 120) path += `${before === null ? "" : `V${FLOOR}`}M${x},${FLOOR}`;
      path += `L${x},${y}`;
      limit += `${limit === "" || at - before > 120 ? "M" : "L"}${x},${level(least).toFixed(1)}`;
      before = at;
    }
    const still = { "vector-effect": "non-scaling-stroke" };
    return [shape("path", { d: `${path}V${FLOOR}`, class: "t-score", ...still }),
      shape("path", { d: limit, class: "t-limit", ...still })];
  }

  bars() {
    return this.boxes(this.events.map((it) => {
      const begin = this.second(it.begin), name = it.false_alarm ? "t-event false" : "t-event";
      return { begin, end: begin + (it.seconds ?? 1), top: EVENTS, high: EVENT_HIGH, name, least: 3, words: `${it.local} ${it.text}` };
    }));
  }
}
