"""A word of the page that a guide writes in italics is on the page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
TEXTS = set(json.loads((ROOT / "agent/page/texts/en.json").read_text()).values())
#: By page: where the text is about the page of the agent; Home Assistant has other words.
ABOUT = {
    "getting-started.md": r"## 2\. Your camera\n.*?\n## 3\.",
    "how-to/camera-url.md": r"## With the page\n.*?\n## By hand",
    "how-to/schedules.md": r"- The page: [^\n]*",
    "reference/page.md": r"\A.*\Z",
}
_ITALICS = re.compile(r"(?<![*\w])\*([^*\n]+)\*(?!\*)")


@pytest.mark.parametrize("page", ABOUT)
def test_the_word_is_on_the_page(page: str) -> None:
    found = re.findall(ABOUT[page], (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    words = [word for text in found for word in _ITALICS.findall(text)]
    assert words
    assert [word for word in words if word not in TEXTS] == []
