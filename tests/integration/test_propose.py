"""`propose`: marked events of a real store, judged again by the code that judges live."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from agent.core.messages import StoreCode
from agent.core.orders import Mark, MarkEvent
from agent.imaging.jpeg import encode
from agent.imaging.orientation import Orientation
from agent.storage.recording.encoder import ClipEncoder
from agent.storage.recording.fragmenter import Cutter
from agent.storage.records import EventClosed, EventOpened, Fragment, Record
from agent.storage.store.identity import Terms
from agent.tuning.propose import proposal_for
from agent.tuning.trial import Variant
from schemas.camera_config import CameraConfig
from tests.support.clock import FakeClock
from tests.support.garden import FPS, pictures
from tests.support.recordings import STARTED, name_of
from tests.support.store_rig import StoreRig
from tests.support.waiting import PATIENCE, wait_until

#: Seconds of the garden that each event's clip shows: the bush alone, or a visitor.
BUSH = [(6.0, 12.0), (20.5, 26.0), (34.0, 40.0), (48.5, 54.0)]
VISITORS = [(11.0, 20.5), (39.0, 48.5)]
BUSHES = [name_of(n) for n in range(len(BUSH))]
PEOPLE = [name_of(20 + n) for n in range(len(VISITORS))]
CAMERA = CameraConfig.model_validate(
    {"source": "demo:", "detection": {"profile": "plain"}, "recording": {"timestamp": False}}
)


def records(name: str, number: int, frames: list[bytes]) -> Iterator[Record]:
    """An event as a recorder spools it."""
    started = STARTED + timedelta(minutes=number)
    encoder, cutter, cuts = ClipEncoder(Orientation()), Cutter(), []
    for index, jpeg in enumerate(frames):
        unit = encoder.encode(jpeg, None, key=index % 8 == 0)
        assert unit is not None
        cuts += cutter.add(unit.sample, index * 1000 // FPS, key=unit.key)
    cuts += cutter.finish()
    codec = encoder.codec
    assert codec is not None
    yield EventOpened(camera="front", event=name, started=started)
    for cut in cuts:
        yield Fragment(
            camera="front", event=name, started=started, k=cut.k,
            first_ms=round(started.timestamp() * 1000) + cut.at_ms, samples=cut.samples,
            avcc=codec.avcc.hex(), width=codec.width, height=codec.height, body=cut.data,
        )  # fmt: skip
    yield EventClosed(
        camera="front", event=name, started=started, reason="cleared", frames=len(frames), judged=9
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with four events of a restless bush, which are marked, and two visitors."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "store").mkdir()
    garden = [encode(picture, 90) for picture in pictures(56)]
    clips = dict(zip([*BUSHES, *PEOPLE], [*BUSH, *VISITORS], strict=True))
    with StoreRig(folder) as rig:
        for number, (name, (begin, end)) in enumerate(clips.items()):
            rig.put(*records(name, number, garden[round(begin * FPS) : round(end * FPS)]))
        rig.wait_for(StoreCode.OK)
        wait_until("all is sent", lambda: rig.spool.after(rig.worker._sent) is None)
        for done, name in enumerate(BUSHES):
            assert rig.orders.put(MarkEvent("front", name, True, "7", Mark.FALSE_ALARM))
            wait_until("the mark", partial(_answered, rig, done))
    return folder


def _answered(rig: StoreRig, before: int) -> bool:
    return len(rig.kept) > before and rig.kept[-1].event is not None


def test_the_place_of_the_false_alarms_is_proposed_and_costs_no_visitor(place: Path) -> None:
    terms, told = Terms(str(place / "store"), "me"), list[tuple[int, int]]()
    variant = Variant("in force", CAMERA)
    found = proposal_for("front", terms, variant, FakeClock(), lambda *done: told.append(done))
    assert found.marked == 4
    assert {it.id for it in found.tried if not it.false_alarm} == set(PEOPLE)
    assert found.best is not None
    assert found.best.candidate.kind == "zone"
    assert {it.id for it in found.best.spares} == set(BUSHES)
    assert found.best.costs == ()
    changed = {"source": "demo:", **yaml.safe_load(found.best.candidate.yaml)}
    assert CameraConfig.model_validate(changed).zones["false_alarms"].mode == "ignore"
    assert all(before <= after for (before, _), (after, _) in pairwise(told))


@pytest.mark.parametrize("lives", [True, False])
def test_the_child_ends_with_the_agent_however_that_ended(place: Path, *, lives: bool) -> None:
    terms = asdict(Terms(str(place / "store"), "me"))
    variant = {"name": "in_force", "camera": CAMERA.model_dump(mode="json")}
    task = json.dumps({"camera": "front", "terms": terms, "variant": variant})
    agent = os.getpid() if lives else 1
    ended = subprocess.run(
        [sys.executable, "-m", "agent.tuning.propose", str(agent)],
        input=task, text=True, capture_output=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert (ended.returncode == 0) is lives
    assert ("the agent has ended" in ended.stderr) is not lives
    assert bool(ended.stdout) is lives


def test_without_time_nothing_is_proposed_and_it_is_said_why(place: Path) -> None:
    terms = Terms(str(place / "store"), "me")
    found = proposal_for("front", terms, Variant("in force", CAMERA), FakeClock(), within=0.0)
    assert (found.best, found.tried, found.unfinished) == (None, (), 4)


def test_the_command_prints_what_to_write_and_changes_nothing(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from agent.cli import run_command

    monkeypatch.setattr("os.nice", lambda _more: 0)
    config = tmp_path / "config.yaml"
    camera = {
        **CAMERA.model_dump(mode="json", include={"detection", "recording"}),
        "source": "demo:",
    }
    given = {
        "agent": {"id": "me", "state_dir": str(tmp_path / "state")},
        "store": {"path": str(place / "store")},
        "cameras": {"front": camera},
    }
    config.write_text(yaml.safe_dump(given))
    before = sorted((it, it.stat().st_mtime_ns) for it in place.rglob("*"))
    assert run_command(["propose", "front", "--config", str(config)]) == 0
    told = capsys.readouterr().out
    assert "false alarms that were marked: 4; days: 1." in told
    assert "It would have cost none of 2 other events." in told
    assert "mode: ignore" in told
    assert run_command(["propose", "front", "--json", "--config", str(config)]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["kind"], len(data["spares"]), data["costs"]) == ("zone", 4, [])
    assert sorted((it, it.stat().st_mtime_ns) for it in place.rglob("*")) == before
    assert run_command(["propose", "gate", "--config", str(config)]) == 2
    assert "cameras: front" in capsys.readouterr().err
