// A trial: a day's clips judged again, with progress, cancel and a table.
import { api, fillDays, make, say, text } from "./common.js";

/** Fills the days and runs what `ask()` returns when the button is pressed. */
export function trials(camera, ask) {
  const days = document.getElementById("trial-day");
  const button = document.getElementById("trial");
  const out = document.getElementById("trial-out");
  let running = null;

  async function start() {
    if (running || button.disabled) return;
    button.disabled = true;
    try {
      const view = await api(`cameras/${camera()}/trials`, { method: "POST", body: { day: days.value, ...ask() } });
      running = view.id;
      follow(view);
    } catch (error) {
      say(error.message);
      button.disabled = false;
    }
  }

  async function follow(view) {
    while (view.state === "running") {
      out.replaceChildren(
        make("progress", { max: Math.max(1, view.total), value: view.done, "aria-label": text("try") }),
        make("p", { class: "hint" }, text("trial_running", { done: view.done, total: view.total }), " "),
        make("button", { type: "button", class: "cancel", onclick: () => api(`trials/${running}`, { method: "DELETE" }) }, text("cancel")));
      await new Promise((done) => setTimeout(done, 400));
      view = await api(`trials/${view.id}`).catch((error) => ({ state: "failed", message: error.message }));
    }
    running = null;
    button.disabled = days.value === "";
    out.replaceChildren(...outcome(view));
  }

  button.addEventListener("click", start);
  return async () => {
    if (!running) out.replaceChildren();
    button.disabled = true;
    days.replaceChildren();
    const wanted = camera();
    try {
      await fillDays(days, wanted, () => camera() === wanted);
    } catch (error) { say(error.message); }
    button.disabled = running !== null || days.value === "";
  };
}

function outcome(view) {
  if (view.state === "cancelled") return [make("p", { class: "hint" }, text("trial_cancelled"))];
  if (view.state === "failed") return [make("p", { class: "problem", role: "alert" }, view.message)];
  const { variants, events, skipped } = view.result;
  if (!events.length) return [make("p", { class: "hint" }, text("trial_none"))];
  const name = (variant) => text(variant);
  const sums = variants.map((_, n) => events.filter((event) => event.fires[n]).length);
  const cell = (fires, before) => make("td", { class: fires === before ? "" : "lost" }, text(fires ? "trial_yes" : "trial_no"));
  const table = make("table", {},
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, text("trial_event")), ...variants.map((variant) => make("th", { scope: "col" }, name(variant))))),
    make("tbody", {},
      make("tr", {}, make("th", { scope: "row" }, text("trial_total")), ...sums.map((sum) => make("td", {}, `${sum} / ${events.length}`))),
      ...events.toReversed().map((event) => make("tr", {}, make("th", { scope: "row" }, event.local), ...event.fires.map((fires) => cell(fires, event.fires[0]))))));
  return [make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": text("trial_events") }, table), skipped ? make("p", { class: "hint" }, text("trial_skipped", { n: skipped })) : ""];
}
