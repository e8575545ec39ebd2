from __future__ import annotations

from pathlib import Path

import pytest

from agent.mqtt import retained_topics
from agent.mqtt.journal import Journal
from tests.support.clock import FakeClock

BOTH = ["b/pi/health", "b/pi/door/health", "b/pi/yard/health"]


class Runs:
    """One process after the other with the same state folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "journal.db"

    def gone(self, wanted: list[str], machine: str = "m", *cleared: str) -> list[str]:
        journal = Journal(self._path, FakeClock())
        journal.begin_retained(wanted, machine)
        found = sorted(journal.retained.gone)
        for topic in cleared:
            journal.retained.cleared(topic)
        journal.close()
        return found


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    runs = Runs(tmp_path)
    assert runs.gone(BOTH) == []
    return runs


def test_what_the_configuration_names_stays(runs: Runs) -> None:
    assert runs.gone(BOTH) == []


def test_what_was_removed_while_nobody_ran_goes(runs: Runs) -> None:
    assert runs.gone(BOTH[:2]) == [BOTH[2]]
    assert runs.gone(BOTH[:2]) == [BOTH[2]]  # until the broker has acknowledged it
    assert runs.gone(BOTH[:2], "m", BOTH[2]) == [BOTH[2]]
    assert runs.gone(BOTH[:2]) == []


def test_what_comes_back_is_no_longer_to_go(runs: Runs) -> None:
    assert runs.gone(BOTH[:2]) == [BOTH[2]]
    assert runs.gone(BOTH) == []


def test_under_another_name_all_goes(runs: Runs) -> None:
    assert runs.gone([topic.replace("pi", "pi2") for topic in BOTH]) == sorted(BOTH)


def test_the_copy_of_an_sd_card_leaves_alone_what_the_original_says(runs: Runs) -> None:
    assert runs.gone(["b/pi2/health"], "another machine") == []
    assert runs.gone(["b/pi3/health"], "another machine") == ["b/pi2/health"]


def test_the_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retained_topics, "MAX_TOPICS", 3)
    journal = Journal(tmp_path / "journal.db", FakeClock())
    journal.begin_retained([*BOTH, "b/pi/shed/health"], "m")
    assert journal.retained.topics == sorted(BOTH)
    journal.close()
