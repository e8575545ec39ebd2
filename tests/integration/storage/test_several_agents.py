"""Whose recordings are whose: several agents on one store, copies, agents that were renamed."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.core.messages import StoreCode
from agent.core.orders import MarkEvent
from agent.core.store_names import CLAIMS, MANIFEST, NOTES
from agent.storage.records import Record
from agent.storage.store import status_reporter as voice_module
from agent.storage.store.dry_run import would_remove
from agent.storage.store.identity import adopt_store
from agent.storage.verify.store import verify_store
from schemas.config import StoreConfig
from tests.support.clock import FakeClock
from tests.support.recordings import name_of, whole_event
from tests.support.store_rig import NOW, StoreRig
from tests.support.waiting import wait_until


def day_name(age: int) -> str:
    return f"{(NOW - timedelta(days=age)).astimezone():%Y-%m-%d}"


def recorded(camera: str, *ages: int) -> list[Record]:
    found: list[Record] = []
    for age in ages:
        started = (NOW - timedelta(days=age)).astimezone()
        found += whole_event(name_of(age * 20), age * 20, started=started)
    return [replace(record, camera=camera) for record in found]


def days(place: Path, camera: str) -> list[str]:
    return sorted(path.name for path in (place / "store" / camera).iterdir())


def agent_at(place: Path, name: str) -> Path:
    """A folder for a second agent, whose store is the first one's."""
    home = place / name
    home.mkdir(exist_ok=True)
    if not (home / "store").exists():
        (home / "store").symlink_to(place / "store")
    return home


def life(home: Path, records: Iterable[Record] = (), **options: Any) -> StoreRig:  # noqa: ANN401
    """One life of an agent in which all is stored and a purge has run."""
    with StoreRig(home, **options) as rig:
        rig.put(*records)
        rig.wait_for(StoreCode.OK)
        wait_until("all is sent", lambda: rig.spool.after(rig.worker._sent) is None)
        rig.worker._purged_at = float("-inf")
        wait_until("it is purged", lambda: rig.worker._purged_at > 0)
    return rig


def test_a_second_agent_deletes_nothing_of_the_first(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    life(place, recorded("front", 0, 9), retention_days=30)
    two = agent_at(place, "two")
    with caplog.at_level("INFO"):
        life(two, recorded("yard", 0, 9), agent="two", cameras=["yard"], retention_days=4)
    assert days(place, "front") == [day_name(9), day_name(0)]
    assert days(place, "yard") == [day_name(0)]
    assert "cameras of other agents, left alone: 1, first front (agent me)" in caplog.text
    report = verify_store(place / "store")
    assert report.good, list(report.lines())


def test_each_agent_has_its_own_max_size(place: Path) -> None:
    life(place, recorded("front", 0, 9), retention_days=30)
    size = sum(path.stat().st_size for path in (place / "store").rglob("*") if path.is_file())
    two = agent_at(place, "two")
    rig = life(two, recorded("yard", 0), agent="two", cameras=["yard"], max_size=max(size, 2 << 20))
    assert len(rig.saved) == 1
    assert days(place, "front") == [day_name(9), day_name(0)]


def test_two_agents_with_one_camera_are_refused_aloud_and_the_others_are_recorded(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice_module, "FIGURES_EVERY", 0.2)
    life(place, recorded("front", 0))
    manifest = place / "store/front" / day_name(0) / MANIFEST
    before = manifest.read_bytes()
    two = agent_at(place, "two")
    with StoreRig(two, agent="two", cameras=["front", "yard"]) as rig:
        rig.put(*recorded("front", 1), *recorded("yard", 0))
        state = rig.wait_for(StoreCode.TAKEN)
        assert "front" in state.reason
        assert "agent me" in state.reason
        wait_until("the other camera is recorded", lambda: rig.saved)
        assert rig.saved[0].camera == "yard"
        assert rig.orders.put(MarkEvent("front", None, True, "7"))
        wait_until("it is answered", lambda: rig.kept)
        assert rig.kept[0].event is None
        assert manifest.read_bytes() == before
        assert not (manifest.parent / NOTES).exists()
        assert rig.spool.depth == len(recorded("front", 1))
        adopt_store(place / "store", "two", two / "state", ["front"])
        wait_until("it is recorded", lambda: len(rig.saved) == 2)
        wait_until("all is well", lambda: rig.states[-1].code is StoreCode.OK)
    with StoreRig(place) as first:
        first.put(*recorded("front", 2))
        assert "agent two" in first.wait_for(StoreCode.TAKEN).reason
    assert verify_store(place / "store").good


def test_an_agent_notices_that_its_camera_was_given_to_another_one(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice_module, "FIGURES_EVERY", 0.2)
    two = agent_at(place, "two")
    with StoreRig(place) as rig:
        rig.put(*recorded("front", 0))
        wait_until("it is recorded", lambda: rig.saved)
        adopt_store(place / "store", "two", two / "state", ["front"])
        assert "agent two" in rig.wait_for(StoreCode.TAKEN).reason


def test_a_camera_that_is_not_configured_any_more_still_ages(place: Path) -> None:
    life(place, [*recorded("front", 0, 9), *recorded("yard", 0)], retention_days=30)
    life(place, cameras=["yard"])
    assert days(place, "front") == [day_name(0)]


@pytest.mark.parametrize("change", ["renamed", "installed anew"])
def test_an_agent_that_is_renamed_or_installed_anew_goes_on(place: Path, change: str) -> None:
    life(place, recorded("front", 0, 9), retention_days=30)
    if change == "renamed":
        life(place, agent="other")
    else:
        shutil.rmtree(place / "state")
        life(place)
    assert days(place, "front") == [day_name(0)]


def test_what_was_ours_under_another_name_and_is_not_configured_is_said(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    life(place, recorded("front", 0, 9), retention_days=30)
    life(place, recorded("yard", 0), agent="renamed", cameras=["yard"])
    assert days(place, "front") == [day_name(9), day_name(0)]
    assert "recorded by nobody that is known, never deleted" in caplog.text
    assert "first front" in caplog.text
    assert "--take" in caplog.text
    adopt_store(place / "store", "renamed", place / "state", ["front"])
    life(place, agent="renamed", cameras=["yard"])
    assert days(place, "front") == [day_name(0)]


def test_of_two_installations_of_one_agent_the_later_one_records(place: Path) -> None:
    life(place, recorded("front", 0))
    shutil.copytree(place / "state", place / "old state")
    shutil.rmtree(place / "state")
    life(place, recorded("front", 1))
    shutil.rmtree(place / "state")
    (place / "old state").rename(place / "state")
    with StoreRig(place) as rig:
        rig.put(*recorded("front", 2))
        rig.wait_for(StoreCode.TAKEN)


def test_a_store_from_before_claims_is_purged_where_the_camera_is_configured(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    life(place, [*recorded("front", 0, 9), *recorded("yard", 0, 9)], retention_days=30)
    shutil.rmtree(place / "store" / CLAIMS)
    life(place, cameras=["front"])
    assert days(place, "front") == [day_name(0)]
    assert days(place, "yard") == [day_name(9), day_name(0)]
    assert "never deleted (ours of old: `adopt-store --take`): 1, first yard" in caplog.text
    assert [path.name for path in (place / "store" / CLAIMS).iterdir()] == ["front"]


@pytest.mark.parametrize("folder", ["saved", "front_old"])
@pytest.mark.parametrize("how", ["copied", "renamed", "hard links"])
def test_what_the_owner_copied_or_renamed_is_his(place: Path, folder: str, how: str) -> None:
    life(place, recorded("front", 0, 9), retention_days=30)
    camera, kept = place / "store/front", place / "store" / folder
    if how == "copied":
        shutil.copytree(camera, kept)
    elif how == "renamed":
        camera.rename(kept)
    else:
        shutil.copytree(camera, kept, copy_function=lambda a, b: Path(b).hardlink_to(a))
    before = {path: path.read_bytes() for path in kept.rglob("*") if path.is_file()}
    life(place, recorded("front", 0))
    assert {path: path.read_bytes() for path in kept.rglob("*") if path.is_file()} == before
    assert days(place, "front") == [day_name(0)]


def test_a_copied_day_among_our_own_is_not_ours(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    life(place, [*recorded("front", 0, 8), *recorded("yard", 0, 9)], retention_days=30)
    store = place / "store"
    copy = store / "front" / day_name(20)
    shutil.copytree(store / "front" / day_name(8), copy)  # another date
    shutil.copytree(store / "yard" / day_name(9), store / "front" / day_name(9))  # another camera
    life(place, cameras=["front", "yard"])
    assert days(place, "front") == [day_name(20), day_name(9), day_name(0)]
    assert len(list(copy.rglob("*.mp4"))) == 2
    assert len(list((store / "front" / day_name(9)).rglob("*.mp4"))) == 2
    assert days(place, "yard") == [day_name(0)]
    assert "not made by us, left alone: 2, first front/" in caplog.text


def test_a_foreign_film_within_our_day_keeps_nothing_but_itself(place: Path) -> None:
    life(place, recorded("front", 0, 8, 9), retention_days=30)
    store = place / "store/front"
    shutil.copy(store / day_name(8) / f"{day_name(8)}.mp4", store / day_name(9))
    life(place)
    assert days(place, "front") == [day_name(9), day_name(0)]
    assert [path.name for path in (store / day_name(9)).iterdir()] == [f"{day_name(8)}.mp4"]


def test_the_dry_run_says_what_is_left_alone(place: Path) -> None:
    life(place, recorded("front", 0, 9), retention_days=30)
    life(
        agent_at(place, "two"), recorded("yard", 0, 9), agent="two", cameras=["yard"],
        retention_days=30,
    )  # fmt: skip
    shutil.copytree(place / "store/front", place / "store/saved")
    store = StoreConfig(path=place / "store", keep_free=0)
    clock = FakeClock(utc=NOW)
    lines = list(would_remove(store, place / "state", "me", ["front"], clock, always_trusted=True))
    assert lines[-1] == "left alone, not recorded by this agent: yard (agent two), saved (nobody)"
    assert all(line.startswith(f"front/{day_name(9)}/") for line in lines[:-2])


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"uuid":"x"}\n', b"[" * 9000])
def test_a_damaged_claim_is_somebody_elses_until_the_owner_says_so(
    place: Path, damage: bytes
) -> None:
    life(place, recorded("front", 0))
    (place / "store" / CLAIMS / "front").write_bytes(damage)
    assert not verify_store(place / "store").good
    with StoreRig(place) as rig:
        rig.put(*recorded("front", 1))
        assert "cannot be read" in rig.wait_for(StoreCode.TAKEN).reason
    adopt_store(place / "store", "me", place / "state", ["front"])
    rig = life(place)
    assert len(rig.saved) == 1
    assert verify_store(place / "store").good


@pytest.mark.parametrize("mode", [0o755, 0o775, 0o1777, 0o2770])
def test_whoever_may_make_a_cameras_folder_may_claim_it(place: Path, mode: int) -> None:
    (place / "store").chmod(mode)
    life(place, recorded("front", 0))
    made = (place / "store" / CLAIMS).stat().st_mode & 0o7777
    assert made & 0o022 == mode & 0o022
    assert made == mode or not mode & 0o022


def test_a_record_that_waits_makes_up_for_nothing_that_was_deleted(place: Path) -> None:
    """Only what is stored lets more be deleted for want of room."""
    life(agent_at(place, "one"), recorded("front", 0))
    with StoreRig(agent_at(place, "two"), agent="two") as rig:
        rig.wait_for(StoreCode.OK)
        rig.worker._shortage._files = 5
        rig.put(*recorded("front", 1))
        wait_until("all is sent", lambda: rig.spool.after(rig.worker._sent) is None)
        wait_until("it is answered", lambda: rig.worker._asked is None)
        assert rig.worker._shortage._files == 5
