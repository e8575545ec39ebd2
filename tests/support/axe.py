"""axe-core's verdict on what a browser shows; `script/axe` fetches it, else nothing is asked."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from tests.support.browser import Browser

_FILE = Path(__file__).parents[2] / ".axe/axe.min.js"
_ASK = """axe.run(document, {resultTypes: ['violations']}).then((said) => said.violations
  .filter((it) => ['serious', 'critical'].includes(it.impact))
  .map((it) => `${it.id}: ${it.nodes.map((node) => node.html).join(' | ').slice(0, 600)}`))"""


@lru_cache(maxsize=1)
def _axe() -> str:
    return _FILE.read_text("utf-8") if _FILE.exists() else ""


def complaints(browser: Browser) -> list[str]:
    """What axe-core finds that is serious or critical."""
    if not (source := _axe()):
        return []
    browser.call("Runtime.evaluate", expression=source)
    found: list[str] = browser.run(_ASK)
    return found
