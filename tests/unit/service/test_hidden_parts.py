"""Pictures of before that show what is hidden now."""

from __future__ import annotations

from pathlib import Path

from agent.runtime.clock import SystemClock
from agent.service.wiring import open_journal
from schemas.config import Config
from tests.support.agent_mqtt import TOPICS

WINDOW = [[0.0, 0.0], [0.5, 0.0], [0.5, 0.5]]
YARD = TOPICS.camera("yard")


def to_be_cleared(folder: Path, privacy: list[list[list[float]]]) -> list[str]:
    """What the broker is to forget at a start with these polygons."""
    cameras = {
        "yard": {"source": "demo:", "privacy": privacy},
        "lane": {"source": "demo:"},
    }
    config = Config.model_validate({"mqtt": {"host": "localhost"}, "cameras": cameras})
    journal = open_journal(config, TOPICS, folder, SystemClock())
    try:
        gone = journal.retained.gone
        assert all(map(journal.retained.is_gone_at_once, gone)), "it waits for nobody's entities"
        return gone
    finally:
        for topic in journal.retained.gone:
            journal.retained.cleared(topic)
        journal.close()


def test_other_polygons_at_a_start_clear_the_cameras_pictures(tmp_path: Path) -> None:
    assert to_be_cleared(tmp_path, []) == []
    assert to_be_cleared(tmp_path, []) == []
    gone = to_be_cleared(tmp_path, [WINDOW])
    assert {YARD.snapshot, YARD.motion_image, YARD.live_image, YARD.snapshot_meta} <= set(gone)
    assert YARD.motion_attributes not in gone
    assert all(topic.startswith(f"{YARD.root}/") for topic in gone)
    assert to_be_cleared(tmp_path, [WINDOW]) == []
