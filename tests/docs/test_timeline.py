"""The card of docs/how-to/timeline.md finds the clips of a real store, each at its own time."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.core.store_names import (
    FileKind,
    day_file,
    day_name,
    event_file,
    monitoring_file,
    session_file,
    variant,
)
from tests.support.folder_card import items

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "timeline.md").read_text()
NOW = datetime(2028, 2, 29, 12, 0)  # noqa: DTZ001  the browser's local time
EVENT = "01K{:023d}"


def card() -> dict[str, Any]:
    (text,) = re.findall(r"```yaml\n# card\n(.*?)```", PAGE, re.DOTALL)
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def folder(identity: str) -> dict[str, Any]:
    (found,) = [each for each in card()["folders"] if each["id"] == identity]
    return dict(found)


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """A store as the agent names it: every kind of file, two cameras, ten days."""
    for camera in ("front_door", "yard"):
        for back in range(10):
            began = NOW - timedelta(days=back, hours=3, seconds=back)
            day = tmp_path / "cctv" / camera / day_name(began)
            for name in ("events", "monitoring", "sessions"):
                (day / name).mkdir(parents=True)
            names = [event_file(began, EVENT.format(back), kind) for kind in FileKind]
            names += [variant(names[0], 2), f".{names[0]}.part"]
            paths = [day / "events" / name for name in names]
            paths += [day / day_file(day_name(began)), day / day_file(day_name(began), 2)]
            paths += [day / "events.jsonl", day / "notes.jsonl", day / "heatmap.png"]
            paths += [day / "monitoring" / monitoring_file(began)]
            paths += [day / "sessions" / session_file(began)]
            for path in paths:
                path.touch()
        (tmp_path / "cctv" / camera / "2028-02-28.damaged-1").mkdir()
        (tmp_path / "cctv" / camera / "saved by me").mkdir()
    return tmp_path


def test_the_clips_of_a_week_are_shown_each_at_its_own_second(media: Path) -> None:
    shown = items(folder("clips"), media, NOW)
    assert {item.path.parts[-4] for item in shown} == {"front_door"}
    wanted = [NOW - timedelta(days=back, hours=3, seconds=back) for back in range(7)]
    assert sorted({item.began for item in shown if item.began}) == sorted(wanted)
    assert len(shown) == 14  # one of them has taken a second name
    assert all(item.path.suffix == ".mp4" for item in shown)


def test_the_whole_days_are_shown_at_their_dates(media: Path) -> None:
    shown = items(folder("days"), media, NOW)
    assert len(shown) == 20
    assert all(item.began and item.path.name.startswith(f"{item.began:%Y-%m-%d}") for item in shown)


def test_a_clip_that_is_not_whole_and_pictures_are_not_shown(media: Path) -> None:
    names = [item.path.name for item in items(folder("clips"), media, NOW)]
    assert not [name for name in names if name.startswith(".") or not name.endswith(".mp4")]
