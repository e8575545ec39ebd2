// A click means what was there when somebody decided to click: not what has just come under it.
import { say, text } from "./common.js";

/** Milliseconds: nobody sees that something moved, and clicks on it, within such a time. */
const SEEN = 700;

/**
 * Lets no click through to a button of a card that has moved within the page, or come, just now.
 * Keys go to what has the focus, wherever that is.
 *
 * @param place what holds the cards
 * @param name what tells a card from others, also when it is made anew: a `data-` attribute
 */
export function steady(place, name) {
  let places = new Map();
  const moved = new Map();
  const sizes = new ResizeObserver(look);

  /** Each button and link, by its card and its number there. */
  function* targets() {
    for (const card of place.children) {
      let n = 0;
      for (const it of card.querySelectorAll("button, a")) yield [`${card.dataset[name]} ${n++}`, it];
    }
  }

  function look() {
    const now = new Map(), first = places.size === 0; // nobody has aimed at anything yet
    for (const [key, it] of targets()) {
      const box = it.getBoundingClientRect(), at = `${Math.round(box.left + scrollX)} ${Math.round(box.top + scrollY)}`;
      if (places.get(key) !== at) moved.set(key, first ? -Infinity : performance.now());
      now.set(key, at);
    }
    places = now;
  }

  function watch() {
    sizes.disconnect();
    for (const it of [document.body, ...place.children]) sizes.observe(it);
    for (const [, it] of targets()) sizes.observe(it);
    look();
  }

  new MutationObserver(watch).observe(place, { childList: true });
  place.addEventListener("click", (event) => {
    const target = event.detail > 0 && event.target.closest("button, a");
    if (!target) return;
    look();
    const [key] = [...targets()].find(([, it]) => it === target) ?? [];
    if (key === undefined || performance.now() - moved.get(key) > SEEN) return;
    event.preventDefault();
    event.stopPropagation();
    say(text("moved"), true);
  }, { capture: true });
  watch();
}
