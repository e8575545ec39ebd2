"""What is said of the store, and how often."""

from __future__ import annotations

import pytest

from agent.core.messages import StoreCode, StoreState
from agent.storage.store.status_reporter import LONG_WELL, WELL_AFTER, WELL_AT_MOST, PurgeLog, Voice
from tests.support.clock import FakeClock

QUIET: dict[str, object] = {
    "removed": [],
    "refused": None,
    "stuck": None,
    "strange": None,
    "others": None,
    "unclaimed": None,
    "left": None,
}


class Said:
    """A voice, its clock, and the states that were heard."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.heard: list[StoreState] = []
        self.voice = Voice(self._hear, self.clock)

    def _hear(self, message: object) -> bool:
        assert isinstance(message, StoreState)
        self.heard.append(message)
        return True

    @property
    def codes(self) -> list[StoreCode]:
        return [state.code for state in self.heard]


def test_a_store_that_is_full_again_and_again_is_said_to_be_so_ever_more_rarely() -> None:
    said = Said()
    for _ in range(1000):  # each 1.8 s: one record is taken, the next is refused
        said.voice.state(StoreCode.OK, "")
        said.clock.advance(0.9)
        said.voice.state(StoreCode.FULL, "no room")
        said.clock.advance(0.9)
    assert said.codes == [StoreCode.OK, StoreCode.FULL]


def test_full_is_over_after_a_while_and_each_time_later() -> None:
    said = Said()
    waited = []
    for _ in range(9):
        said.voice.state(StoreCode.FULL, "no room")
        seconds = 0
        while said.codes[-1] is StoreCode.FULL:
            said.clock.advance(1)
            seconds += 1
            said.voice.state(StoreCode.OK, "")
        waited.append(seconds)
    assert waited[:3] == [WELL_AFTER, 2 * WELL_AFTER, 4 * WELL_AFTER]
    assert waited[-1] == WELL_AT_MOST
    said.clock.advance(LONG_WELL)
    said.voice.state(StoreCode.FULL, "no room")
    said.clock.advance(WELL_AFTER)
    said.voice.state(StoreCode.OK, "")
    assert said.codes[-1] is StoreCode.OK


def test_a_taken_store_is_well_enough_to_end_full_after_a_while() -> None:
    said = Said()
    for _ in range(3):
        said.voice.state(StoreCode.FULL, "no room")
        said.voice.state(StoreCode.TAKEN, "front is another agent's")
    assert said.codes == [StoreCode.FULL]
    said.clock.advance(WELL_AFTER)
    said.voice.state(StoreCode.TAKEN, "front is another agent's")
    assert said.codes == [StoreCode.FULL, StoreCode.TAKEN]


def test_figures_of_a_taken_store_say_why_it_is_so_now() -> None:
    said = Said()
    figures = {"free_mib": 1.0, "used_percent": 1.0, "room": 1, "stored": {}}
    said.voice.state(StoreCode.TAKEN, "front is another agent's")
    said.voice.state(StoreCode.TAKEN, "yard is another agent's")
    said.voice.figures(figures)
    assert said.codes == [StoreCode.TAKEN, StoreCode.TAKEN]
    assert said.heard[-1].reason == "yard is another agent's"


def test_another_help_is_said_and_the_same_state_is_not() -> None:
    said = Said()
    for helps in (None, None, "the clock", "the clock"):
        said.voice.state(StoreCode.FULL, "no room", helps)
    assert [state.helps for state in said.heard] == [None, "the clock"]


def test_a_path_that_is_no_text_is_published_as_text() -> None:
    said = Said()
    said.voice.state(StoreCode.ABSENT, "/mnt/\udcdc: gone")
    assert said.heard[0].reason == "/mnt/\\udcdc: gone"


def test_complaints_of_purges_are_said_when_they_change_and_others_files_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    log = PurgeLog()
    for left in ("1, first a", "2, first b"):
        log.say({**QUIET, "left": left, "stuck": "1, first c"})
    log.say(QUIET)
    log.say({**QUIET, "stuck": "1, first c"})
    log.say({**QUIET, "others": "1, first yard (agent two)", "unclaimed": "1, first saved"})
    levels = [record.levelname for record in caplog.records]
    assert levels == ["INFO", "WARNING", "WARNING", "INFO", "WARNING"]
    assert "keep files that are not ours: 1, first a" in caplog.messages[0]
