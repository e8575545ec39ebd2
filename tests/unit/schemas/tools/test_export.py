"""The committed JSON Schemas are those of the models."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.tools import export
from schemas.topics import RESERVED, AgentTopics, unique_id


def test_the_committed_schemas_are_current() -> None:
    assert export.stale() == []


def test_a_stale_or_foreign_schema_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(export, "FOLDER", tmp_path)
    monkeypatch.setattr(export, "DOCS", tmp_path)
    assert export.main([]) == 0
    assert export.main(["--check"]) == 0
    (tmp_path / "motion_event.json").write_text("{}")
    (tmp_path / "gone.json").write_text("{}")
    assert export.main(["--check"]) == 1
    (tmp_path / "configuration.md").write_text("old")
    assert export.main(["--check"]) == 1
    assert "gone, motion_event, configuration.md" in capsys.readouterr().err


def test_reserved_words_are_the_agents_own_topics() -> None:
    topics = AgentTopics("b", "a")
    own = {
        topic.removeprefix("b/a/").split("/")[0]
        for topic in (
            topics.availability,
            topics.health,
            topics.info,
            topics.error,
            topics.beep_play,
            topics.restart,
            topics.snooze,
            topics.setting_state("beep_enabled"),
            topics.request("x"),
            topics.response("x"),
            topics.self_test,
            topics.self_test_echo,
        )
    }
    assert own == RESERVED


def test_unique_ids_of_different_owners_never_meet() -> None:
    assert unique_id("b", "a", "c", "d") == "b__a__c__d"
    assert unique_id("b", "a", None, "c_d") != unique_id("b", "a", "c", "d")
    assert unique_id("b", "a_c", None, "d") != unique_id("b", "a", "c", "d")
