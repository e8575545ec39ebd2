// A click means what was there when somebody decided to click: not what has just come under it.
import { say, text } from "./common.js";

/** Milliseconds: nobody sees that something moved, and clicks on it, within such a time. */
const SEEN = 700;

/**
 * Lets no click through to a button of a card that has just come to that place within the page.
 * Who clicks on the same button again, after such a time, means it: cards may move all the time.
 * Keys go to what has the focus, wherever that is.
 *
 * @param place what holds the cards
 * @param name what tells a card from others, also when it is made anew: a `data-` attribute
 */
export function steady(place, name) {
  let known = new Map(); // of each button: where it was since when, the last one as it is now
  let refused = null;
  const sizes = new ResizeObserver(look);

  /** Each button and link, by its card and its name there: a card may get more of them. */
  function* targets() {
    for (const card of place.children) {
      for (const it of card.querySelectorAll("button, a")) yield [`${card.dataset[name]} ${it.classList[0] ?? it.href ?? ""}`, it];
    }
  }

  function look() {
    const now = performance.now(), first = known.size === 0; // nobody has aimed at anything yet
    const found = new Map();
    for (const [key, it] of targets()) {
      const { left, top, width, height } = it.getBoundingClientRect();
      const box = [left + scrollX, top + scrollY, width, height], before = known.get(key) ?? [];
      const still = before.length && box.every((side, n) => Math.abs(side - before.at(-1).box[n]) < 1);
      found.set(key, still ? before : [...after(before, now - SEEN), { box, since: first ? -Infinity : now }]);
    }
    known = found;
  }

  function watch() {
    sizes.disconnect();
    for (const it of [document.body, ...place.children]) sizes.observe(it);
    for (const [, it] of targets()) sizes.observe(it);
    look();
  }

  // a card keeps its size in its row while lines in it come and go
  new MutationObserver(watch).observe(place, { childList: true, subtree: true, characterData: true, attributeFilter: ["class", "hidden", "style"] });
  place.addEventListener("click", (event) => {
    const target = event.detail > 0 && event.target.closest("button, a");
    if (!target) return;
    look();
    const [key] = [...targets()].find(([, it]) => it === target) ?? [];
    const again = refused?.key === key && event.timeStamp - refused.at > SEEN;
    if (key === undefined || again || seen(known.get(key), event)) {
      refused = null;
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    if (refused?.key !== key) refused = { key, at: event.timeStamp };
    say(text("moved"), true);
  }, { capture: true });
  watch();
}

/** Those of the places where something was after `time`. */
const after = (places, time) => places.filter((_, n) => n + 1 === places.length || places[n + 1].since > time);

/** Whether it was under the mouse long enough before the hand clicked; a slow page hears it later. */
function seen(places, { timeStamp, pageX, pageY }) {
  const begin = timeStamp - SEEN, [first, ...others] = after(places, begin);
  return first.since <= begin && (!others.length || [first, ...others].every(({ box: [left, top, width, height] }) =>
    pageX > left - 1 && pageY > top - 1 && pageX < left + width + 1 && pageY < top + height + 1));
}
