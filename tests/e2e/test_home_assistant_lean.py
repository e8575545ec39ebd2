"""A camera in a real Home Assistant: few entities, a picture at once, few rows and lines."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.e2e.test_home_assistant_alarms import Home, Place
from tests.support.home_assistant import MARKS, HomeAssistant
from tests.support.waiting import wait_until
from tests.support.web_camera import WebCamera

pytestmark = [*MARKS, pytest.mark.timeout(600)]

#: What one event may cost Home Assistant.
BYTES, LINES = 2500, 3
#: What a camera and the agent may show; the rest is there, and disabled.
OF_CAMERA, OF_AGENT = 18, 10
VISITS = 6
#: Seconds of a visit, as somebody who walks by.
SECONDS = 6.0
DOOR = "surveillance/pi/front_door"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    place = Place()
    with WebCamera(place.picture, fps=5.0) as camera:
        made = Home(tmp_path, camera, place)
        made.house.config["cameras"]["front_door"]["area"] = "Garden"
        try:
            with made.observer:
                made.home_assistant.start()
                made.start_agent()
                made.wait_armed()
                yield made
        finally:
            made.stop()


def enabled(home_assistant: HomeAssistant, part: str, *, camera: bool) -> list[str]:
    return [
        entry["entity_id"]
        for entry in home_assistant.registry()["entities"]
        if not entry["disabled_by"] and (part in entry["unique_id"]) is camera
    ]


def size(home: Home) -> tuple[int, int]:
    """Bytes in use in the database, without what is free in its pages; rows of states."""
    place = Path(home.home_assistant.dir)
    copy = place / "copy.db"
    copy.unlink(missing_ok=True)
    with sqlite3.connect(f"file:{place}/home-assistant_v2.db?mode=ro", uri=True) as db:
        db.execute(f"VACUUM INTO '{copy}'")
        (rows,) = db.execute("SELECT count(*) FROM states").fetchone()
    with sqlite3.connect(copy) as db:
        (used,) = db.execute("SELECT sum(pgsize - unused) FROM dbstat").fetchone()
    return int(used), int(rows)


def visit(home: Home) -> None:
    before = len(home.said("motion_ended"))
    home.place.visited = True
    until = time.monotonic() + SECONDS
    wait_until("the visit is over", lambda: time.monotonic() > until)
    home.place.visited = False
    wait_until("its end", lambda: len(home.said("motion_ended")) > before, 40)
    clips = f"{DOOR}/recording/last"
    wait_until("its clip", lambda: len(home.observer.of(clips)) > before, 40)
    motion = "binary_sensor.front_door_motion"
    wait_until("it is over there, too", lambda: home.home_assistant.state(motion)["state"] == "off")


def test_a_camera_is_lean_and_shows_its_picture_without_any_work(home: Home) -> None:
    ha = home.home_assistant
    mark = ha.mark()
    wait_until("a live picture", lambda: ha.picture("camera.front_door")[0][:2] == b"\xff\xd8")
    assert len(enabled(ha, "__front_door__", camera=True)) <= OF_CAMERA
    assert len(enabled(ha, "__front_door__", camera=False)) <= OF_AGENT
    assert "Garden" in {area["name"] for area in ha.ws(type="config/area_registry/list")}

    visit(home)  # the first event of all makes rows that are made once
    began, before = time.time(), size(home)
    for _ in range(VISITS):
        visit(home)
    until = time.monotonic() + 3.0
    wait_until("Home Assistant has written it", lambda: time.monotonic() > until)
    after = size(home)
    iso = datetime.fromtimestamp(began, UTC).isoformat()
    # the scene of this test has so little detail that its camera may be called blurred
    lines = Counter(
        line["entity_id"]
        for line in ha.ws(type="logbook/get_events", start_time=iso)
        if not line.get("entity_id", "").endswith("_problem")
    )
    figures = {
        "bytes": (after[0] - before[0]) / VISITS,
        "rows": (after[1] - before[1]) / VISITS,
        "lines": sum(lines.values()) / VISITS,
    }
    print(json.dumps(figures | dict(lines)))  # noqa: T201  shown with -s
    assert figures["bytes"] <= BYTES
    assert figures["lines"] <= LINES
    if folder := os.environ.get("SCREENSHOTS"):
        ha.screenshot("/home", f"{folder}/overview.png", 1000, 640, wait=8.0)
    assert ha.errors(mark) == []
