"""The engine tells what became of a recording once, whoever says it and how often."""

from __future__ import annotations

import itertools

import pytest

from agent.core.clip_events import RECORDINGS
from agent.core.engine import begin
from agent.core.messages import RecordingFailed, RecordingSaved
from schemas.settings import StoredSettings
from tests.support.engine_rig import START, Rig

SAVED = RecordingSaved("yard", "01A", START, 5.0, "p", "d", 0.0, 1, "h264", 75)
FAILED = RecordingFailed("yard", "01A", "spool_full", "full")


@pytest.mark.parametrize("words", list(itertools.product([SAVED, FAILED], repeat=2)))
def test_the_first_word_is_the_last(
    rig: Rig, words: tuple[RecordingSaved | RecordingFailed, ...]
) -> None:
    first, second = words
    rig.do(first)
    assert len(rig.records()) == 1
    counted = rig.state.cameras["yard"]
    rig.do(second)
    assert rig.records() == []
    after = rig.state.cameras["yard"]
    assert (after.saved, after.failed) == (counted.saved, counted.failed)


def test_what_was_told_before_a_restart_is_not_told_again(rig: Rig) -> None:
    rig.state, _ = begin(rig.setup, StoredSettings(), {}, (), rig.now, ("01A",))
    rig.do(SAVED)
    assert rig.records() == []
    rig.do(RecordingFailed("yard", "01B", "no_frames", "none"))
    assert len(rig.records()) == 1


def test_what_is_remembered_has_a_bound(rig: Rig) -> None:
    for number in range(RECORDINGS + 5):
        rig.do(RecordingFailed("yard", f"E{number}", "no_frames", "none"))
    assert len(rig.state.recordings) == RECORDINGS
    assert rig.state.recordings[-1] == f"E{RECORDINGS + 4}"
