// What all pages share: texts, requests, the stream of the agent's state, pictures.
import texts from "./texts.js";

const csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";

/** A text by its name; {words} in it are filled in. */
export function text(name, values = {}) {
  return (texts[name] ?? name).replace(/\{(\w+)\}/g, (all, key) => values[key] ?? all);
}

/** An element with attributes and children; strings become text, never HTML. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

/** The same for SVG. */
export function shape(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

let alertTimer;
/** A message to the person at the screen. */
export function say(words, good = false) {
  const place = document.getElementById("alerts");
  place.textContent = words;
  place.classList.toggle("good", good);
  clearTimeout(alertTimer);
  if (good) alertTimer = setTimeout(() => (place.textContent = ""), 4000);
}

let leaving = false;
/** Asks the agent; the answer as an object. Throws an Error with words for people. */
export async function api(path, { method = "GET", body, signal } = {}) {
  const headers = method === "GET" ? {} : { "X-CSRF-Token": csrf };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(`api/${path}`, {
    method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body),
  }).catch((error) => { throw error instanceof TypeError ? new TypeError(text("no_answer")) : error; });
  if (answer.status === 401 && !leaving) {
    leaving = true; // asked once: who has drawn something may want to stay
    const here = location.pathname.split("/").pop() + location.search + location.hash;
    location.assign(`login?to=${encodeURIComponent(here)}`);
  }
  const json = (answer.headers.get("Content-Type") ?? "").startsWith("application/json");
  const said = json ? await answer.json() : { message: await answer.text() };
  if (!answer.ok) throw new Error(said.message || `${text("failed")}: ${answer.status}`);
  return said;
}

/** As `api`, and tells the person when it fails; null then. */
export async function order(path, options, done) {
  try {
    const said = await api(path, options);
    if (done) say(done, true);
    return said;
  } catch (error) {
    say(error.message);
    return null;
  }
}

/** Seconds: a stream that says nothing for so long is dead; a lost one is opened again. */
const SILENT = 40, AGAIN = 3;

/**
 * Listens to the agent's state (and scores of one camera) while the page is seen.
 * `lost`: from now on what is shown is of before, until the next state comes.
 *
 * A browser opens a stream again only where nobody answered. It gives up one that a proxy or an
 * agent without this session answers with an error, and knows nothing of a peer without power.
 */
export function listen({ state, score, lost = () => {}, scores = "" }) {
  let source = null, timer = 0, heard = 0, missed = false, ended = false;
  const shut = () => { clearTimeout(timer); source?.close(); source = null; };
  const miss = () => {
    shut();
    missed = true;
    say(text("lost"));
    lost();
    timer = setTimeout(again, AGAIN * 1000);
  };
  const again = () => api("state").then(open, () => {
    if (!source && !ended && !document.hidden) timer = setTimeout(again, AGAIN * 1000);
  });
  const hear = (name, tell) => source.addEventListener(name, (event) => { heard = Date.now(); tell?.(JSON.parse(event.data)); });
  const watch = () => { // a clock that was set is no silence: the stream is only opened again
    if (Math.abs(Date.now() - heard) > SILENT * 1000) miss(); else timer = setTimeout(watch, 5000);
  };
  function open() {
    shut();
    if (document.hidden || ended) return;
    source = new EventSource(`api/live?scores=${encodeURIComponent(scores)}`);
    hear("state", state);
    hear("score", score);
    hear("alive");
    source.onerror = miss;
    source.onopen = () => { if (missed) say(""); missed = false; };
    heard = Date.now();
    watch();
  }
  document.addEventListener("visibilitychange", open);
  open();
  return () => { ended = true; shut(); document.removeEventListener("visibilitychange", open); };
}

/** Shows a camera's pictures in an <img>, one after the other, as long as it is wanted. */
export class Pictures {
  constructor(camera, image, { pause = 150, shown = () => {} } = {}) {
    Object.assign(this, { camera, image, pause, shown, overlay: false, after: "", wanted: false, gone: false });
    this.look = () => this.want(this.wanted);
    document.addEventListener("visibilitychange", this.look);
  }

  /** Another camera has the <img> from now on: nothing of this one is seen there any more. */
  leave() {
    this.wanted = false;
    this.gone = true;
    document.removeEventListener("visibilitychange", this.look);
    if (this.image.src.startsWith("blob:")) URL.revokeObjectURL(this.image.src);
    this.image.removeAttribute("src");
  }

  want(wanted) {
    this.wanted = wanted;
    if (wanted && !document.hidden && !this.running) this.run();
  }

  async run() {
    this.running = true;
    while (this.wanted && !document.hidden) {
      const before = performance.now();
      let wait = this.pause;
      try {
        const query = `overlay=${this.overlay ? 1 : 0}&after=${this.after}`;
        const answer = await fetch(`api/cameras/${this.camera}/picture?${query}`);
        if (answer.status === 200) {
          this.after = answer.headers.get("X-Picture");
          await this.show(await answer.blob());
          this.shown(null);
        } else wait = 2000;
      } catch { wait = 2000; }
      await new Promise((done) => setTimeout(done, Math.max(20, wait - (performance.now() - before))));
    }
    this.running = false;
  }

  /** The last known picture of a camera that is off; its age in seconds, null without one. */
  async last() {
    try {
      const answer = await fetch(`api/cameras/${this.camera}/last`);
      if (answer.status !== 200) return null;
      await this.show(await answer.blob());
      return Number(answer.headers.get("X-Picture-Age"));
    } catch { return null; }
  }

  /** Shows a picture and keeps it as `blob`: a page may not fetch it back from its own URL. */
  async show(blob) {
    if (this.gone) return;
    this.blob = blob;
    this.at = Date.now();
    const url = URL.createObjectURL(blob);
    const old = this.image.src;
    this.image.src = url;
    await this.image.decode().catch(() => {});
    if (old.startsWith("blob:")) URL.revokeObjectURL(old);
  }
}

/** Seconds as people say them: 5 s, 3 min, 2 h, 4 d. */
export function age(seconds) {
  const steps = [[86400, "d"], [3600, "h"], [60, "min"]];
  for (const [size, word] of steps) if (seconds >= size) return `${Math.floor(seconds / size)} ${word}`;
  return `${Math.round(seconds)} s`;
}

/** Seconds since midnight as 14:03:05; of a day whose clock is changed, what the clock says. */
export function clock(seconds, change = null) {
  const ahead = change && seconds >= change[0] ? change[1] : 0;
  const whole = Math.max(0, Math.floor(seconds + ahead));
  return [whole / 3600, (whole / 60) % 60, whole % 60].map((n) => String(Math.floor(n)).padStart(2, "0")).join(":");
}

/** A moment as date and time; 24 hours everywhere, as the store names its files. */
export function local(moment) {
  return new Date(moment).toLocaleString([], { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
}

/** The camera that the address names, else the first; the select follows, and the address it. */
export function chosenCamera(select, changed) {
  const wanted = new URLSearchParams(location.search).get("camera");
  if ([...select.options].some((option) => option.value === wanted)) select.value = wanted;
  select.addEventListener("change", () => {
    history.replaceState(null, "", `?camera=${select.value}`);
    changed(select.value);
  });
  if (select.value) changed(select.value);
}

/** Fills a select with the days of a camera, if it is still the camera that is meant. */
export async function fillDays(select, camera, still = () => true) {
  const { days, store } = await api(`cameras/${camera}/days`);
  if (!still()) return [];
  if (store) say(store);
  select.replaceChildren(...days.map((day) => make("option", { value: day }, day)));
  return days;
}

document.getElementById("logout")?.addEventListener("click", async () => {
  await order("logout", { method: "POST" });
  location.assign("login");
});
