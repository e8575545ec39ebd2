// The first start: a camera, a broker and a folder are tried, the configuration is written.
import { api, make, say, text } from "./common.js";

const form = document.getElementById("setup");
const find = (id) => document.getElementById(id);
const value = (name) => form.elements[name].value.trim();
const SHORTEST = 8, PATIENCE = 90;
let camera = "", secrets = {};

// ------------------------------------------------------------------ what is tried

/** Says what became of a try beside its button; null where there was no answer. */
async function attempt(place, path, body, waiting = text("setup_trying")) {
  const said = find(`said-${place}`);
  verdict(said, waiting);
  form.classList.add("busy");
  for (const button of form.querySelectorAll("button")) button.disabled = true;
  try {
    const answer = await api(`setup/${path}`, { method: "POST", body });
    verdict(said, answer.message, answer.ok);
    return answer;
  } catch (error) {
    verdict(said, error.message, false);
    return null;
  } finally {
    for (const button of form.querySelectorAll("button")) button.disabled = false;
    form.classList.remove("busy");
  }
}

function verdict(place, words, good = null) {
  place.textContent = words;
  place.classList.toggle("good", good === true);
  place.classList.toggle("problem", good === false);
}

/** The URL with user and password of their own fields, unless it has some. */
function source() {
  const url = value("source"), user = value("camera_user");
  const [, scheme, rest] = url.match(/^((?:rtsp[suh]?|https?):\/\/)(.*)$/i) ?? [];
  if (!user || !scheme || rest.split("/")[0].includes("@")) return url;
  return `${scheme}${encodeURIComponent(user)}:${encodeURIComponent(form.elements.camera_password.value)}@${rest}`;
}

function offer(cameras) {
  find("found").replaceChildren(...cameras.map((it) => make("li", {},
    make("button", { type: "button", onclick: () => { form.elements.source.value = it.source; tryCamera(); } }, it.source),
    make("span", {}, it.name))));
}

async function search(path, body, waiting) {
  offer([]);
  const answer = await attempt("camera", path, body, waiting);
  if (!answer) return;
  offer(answer.cameras);
  if (answer.cameras.length !== 1) return;
  form.elements.source.value = answer.cameras[0].source;
  await tryCamera();
}

async function tryCamera() {
  find("shown").hidden = true;
  const answer = await attempt("camera", "camera", { source: source() });
  if (!answer?.picture) return;
  find("picture").src = `data:image/jpeg;base64,${answer.picture}`;
  find("shown").hidden = false;
}

const broker = () => ({
  host: value("broker_host"), port: form.elements.broker_port.valueAsNumber || 1883, user: value("broker_user"),
  password: form.elements.broker_password.value, tls: form.elements.broker_tls.checked,
});

async function tryStore(makes) {
  const answer = await attempt("store", "store", { path: value("path"), make: makes });
  find("make-store").hidden = !answer?.make;
  return answer?.ok;
}

find("guess").addEventListener("click", () => search("guess",
  { host: value("host"), user: value("camera_user"), password: form.elements.camera_password.value }, text("setup_guessing")));
find("search").addEventListener("click", () => search("search"));
find("try-camera").addEventListener("click", tryCamera);
find("try-broker").addEventListener("click", () => attempt("broker", "broker", broker()));
find("try-store").addEventListener("click", () => tryStore(false));
find("make-store").addEventListener("click", () => tryStore(true));

function enabled() {
  for (const [name, place, button] of [["use_broker", "broker-fields", "try-broker"], ["use_store", "store-fields", "try-store"]]) {
    const on = form.elements[name].checked;
    find(place).hidden = !on;
    find(button).hidden = !on;
  }
}
form.addEventListener("change", enabled);
form.elements.broker_tls.addEventListener("change", (event) => {
  const port = form.elements.broker_port, [from, to] = event.target.checked ? ["1883", "8883"] : ["8883", "1883"];
  if (port.value === from) port.value = to;
});

// ------------------------------------------------------------------ writing and starting

function wanted() {
  const password = form.elements.password.value;
  if (!value("name") || !value("source")) throw new Error(text("setup_need_camera"));
  if (password.length < SHORTEST) throw new Error(text("setup_short"));
  if (password !== form.elements.again.value) throw new Error(text("setup_differs"));
  secrets = { "**broker password**": form.elements.broker_password.value, "**page password**": password, "**source**": source() };
  return {
    camera: { name: value("name"), source: source() },
    broker: form.elements.use_broker.checked ? broker() : null,
    store: form.elements.use_store.checked ? value("path") : null,
    user: value("user"), password,
  };
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  let order;
  try { order = wanted(); } catch (error) { return verdict(find("said-write"), error.message, false); }
  if (order.store !== null && !await tryStore(false)) return verdict(find("said-write"), text("setup_store_first"), false);
  const answer = await attempt("write", "write", order);
  if (!answer) return;
  camera = answer.camera;
  find("yaml").textContent = answer.yaml;
  find("text").hidden = !answer.yaml;
  find("copy-text").hidden = answer.ok || !answer.yaml;
  if (answer.ok) await start();
});

/** The text with the secrets, which only this browser has. */
function whole() {
  return Object.entries(secrets).reduce((words, [mark, secret]) =>
    words.replace(JSON.stringify(mark), () => JSON.stringify(secret)), find("yaml").textContent);
}

find("copy-text").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(whole());
    say(text("copied"), true);
  } catch { // without TLS a browser has no clipboard: it is chosen, so that Ctrl-C takes it
    find("yaml").textContent = whole();
    find("text").open = true;
    getSelection().selectAllChildren(find("yaml"));
  }
});

async function start() {
  find("write").hidden = true;
  verdict(find("said-write"), text("setup_starting"));
  try {
    await api("setup/start", { method: "POST" });
  } catch (error) {
    if (!(error instanceof TypeError)) { // that one: the agent has ended before it answered
      find("start").hidden = false;
      return verdict(find("said-write"), error.message, false);
    }
  }
  if (!await again()) return verdict(find("said-write"), text("setup_slow"), false);
  const answer = await logIn();
  if (answer) location.assign(camera ? `aim?camera=${camera}` : "./");
  else location.assign("login");
}

/** Waits until the agent that answers is another one: it does not know our session. */
async function again() {
  for (let n = 0; n < PATIENCE; n++) {
    await new Promise((done) => setTimeout(done, 1000));
    const answer = await fetch("./", { redirect: "manual", cache: "no-store" }).catch(() => null);
    if (answer?.type === "opaqueredirect") return true;
  }
  return false;
}

async function logIn() {
  const body = new URLSearchParams({ user: value("user"), password: form.elements.password.value });
  const answer = await fetch("login", { method: "POST", body, redirect: "manual" }).catch(() => null);
  return answer?.type === "opaqueredirect";
}

find("start").addEventListener("click", start);

async function show() {
  const view = await api("setup");
  form.elements.path.value ||= view.store;
  find("where").textContent = view.problem ? text("setup_cannot", view) : text("setup_file", view);
  if (view.written) {
    find("where").textContent = text("setup_exists");
    find("write").hidden = true;
    find("start").hidden = false;
  }
}

enabled();
show().catch((error) => say(error.message));
