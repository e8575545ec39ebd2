"""Words of the page: each one that a template, a script or a state names is there."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from agent.core.messages import CameraCode, Reason
from agent.page.files import texts
from agent.page.routes.pages import PAGES, SETUP
from schemas.settings import CameraSettings

STATIC, TEMPLATES = files("agent.page") / "static", files("agent.page") / "templates"
NAMED = [
    *(f"reason_{reason}" for reason in Reason),
    *(f"state_{code}" for code in CameraCode),
    *(f"menu_{page}" for page in (*PAGES, SETUP)),
]


def used() -> set[str]:
    """Names that stand in scripts and templates as they are."""
    found: set[str] = set()
    for entry in STATIC.iterdir():
        if entry.name.endswith(".js"):
            found |= set(re.findall(r'\btext\("([\w-]+)"', entry.read_text("utf-8")))
    for entry in TEMPLATES.iterdir():
        found |= set(re.findall(r"\{\{ text\.(\w+)", entry.read_text("utf-8")))
    return found


@pytest.mark.parametrize("name", sorted({*NAMED, *used()}))
def test_there_are_words_for(name: str) -> None:
    assert texts()[name]


def test_every_number_of_tune_has_its_own_words() -> None:
    script = (STATIC / "tune.js").read_text("utf-8")
    shown = [name for name in CameraSettings.model_fields if f'"{name}"' in script]
    shown += re.findall(r"^  (\w+): \{ min|, (\w+): \{ min", script, re.MULTILINE)[0]
    assert len(shown) > 3
    for name in filter(None, shown):
        assert texts()[f"set_{name}"] != name
