"""Figures that pages repeat from the code: capacities of mailboxes, patience of the self test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.audio import options as audio
from agent.classify import questions
from agent.core.messages import CameraCode
from agent.core.pre_roll import PRE_ROLL_BYTES
from agent.core.self_test_stages import _PATIENCE, Stage
from agent.mqtt.outbox import MAX_ANSWERS
from agent.page import bridge
from agent.proposals import worker as proposals
from agent.runtime.health_file import MAX_AGE
from agent.self_test import worker as self_test
from agent.service import app, camera_sessions, camera_wiring
from agent.verdicts import worker as verdicts

DOCS = Path(__file__).resolve().parents[2] / "docs"
#: Messages, and bytes where these are bounded, too.
MAILBOXES = {
    "inbox": (app.INBOX, app.INBOX_BYTES),
    "<camera>.frames": (camera_sessions.FRAMES, camera_sessions.FRAME_BYTES),
    "<camera>.recording_frames": (camera_sessions.STREAM_FRAMES, PRE_ROLL_BYTES),
    "<camera>.clip_parts": (camera_wiring.CLIP_PARTS, camera_wiring.CLIP_BYTES),
    "<camera>.vision_orders": (camera_wiring.ORDERS, 0),
    "classify": (questions.ASKED, questions.ASKED_BYTES),
    "verdicts": (verdicts.SCORES, 0),
    "verdict_questions": (verdicts.QUESTIONS, 0),
    "proposals": (proposals.TASKS, 0),
    "page_scores": (bridge.SCORES, 0),
    "page_answers": (bridge.ANSWERS, 0),
    "self_test": (self_test._MESSAGES, 0),
    "tones": (audio.ORDERS, audio.SOUND_BYTES),
}


def rows(page: str, heading: str) -> dict[str, list[str]]:
    """The first table under a heading, by its first code word."""
    text = (DOCS / page).read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2]
    table = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert table is not None
    cells = [[it.strip() for it in line.strip("|").split("|")] for line in table[0].splitlines()]
    return {found[1]: it for it in cells if (found := re.match(r"`([^`]+)`", it[0]))}


@pytest.mark.parametrize("name", MAILBOXES)
def test_a_mailbox_has_the_capacity_that_the_page_says(name: str) -> None:
    cell = rows("explanation/architecture.md", "Mailboxes")[name][1]
    messages, size = MAILBOXES[name]
    assert re.match(rf"{messages}\b", cell), cell
    unit = "MiB" if size % 2**20 == 0 else "KiB"
    said = f"{size // (2**20 if unit == 'MiB' else 2**10)} {unit}"
    assert (said in cell) if size else ("iB" not in cell), cell


def test_every_named_mailbox_is_compared() -> None:
    assert set(rows("explanation/architecture.md", "Mailboxes")) == set(MAILBOXES)


def test_the_answers_of_the_outbox() -> None:
    page = (DOCS / "explanation/architecture.md").read_text(encoding="utf-8")
    assert f"| outbox | newest of each state, {MAX_ANSWERS} answers" in page


def test_each_stage_of_the_self_test_has_its_patience() -> None:
    table = rows("explanation/detection.md", "Self test")
    assert list(table) == [stage.value for stage in Stage]
    for stage in Stage:
        assert table[stage.value][2].startswith(f"{_PATIENCE[stage]:g} s"), stage


def test_health_is_silent_after_the_time_that_the_page_says() -> None:
    page = (DOCS / "how-to/troubleshooting.md").read_text(encoding="utf-8")
    assert f"After {MAX_AGE:g} s without a sign of life" in page


def test_each_package_has_a_row() -> None:
    page = (DOCS / "explanation/architecture.md").read_text(encoding="utf-8")
    table = page.partition("\n## Packages\n")[2].partition("\n\n#")[0]
    folders = {it.parent.name for it in (DOCS.parent / "agent").glob("*/__init__.py")}
    assert {
        it for it in folders if f"`{it}/`" not in table and f"`agent/{it}/`" not in table
    } == set()


def test_each_state_of_a_camera_has_a_row() -> None:
    table = rows("reference/cameras.md", "The state of a camera")
    assert set(table) == {code.value for code in CameraCode}
