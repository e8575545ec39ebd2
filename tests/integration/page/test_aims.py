"""What is drawn on the page, in force in an agent; and what the drawing may cost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.config.loader import Loaded
from agent.core.errors import ConfigError
from agent.core.health import camera_health
from agent.core.state import Gauges, Tick
from agent.core.stats import VisionStats
from agent.imaging import strokes
from agent.imaging.strokes import painted
from agent.page.bridge import AimOrder, Bridge, PaintedMask
from agent.page.pending_orders import AIM_EVERY, Orders
from agent.page.routes import aim as aim_routes
from agent.runtime.clock import SystemClock
from agent.service import camera_changes
from agent.service.aiming import NAME, Aiming
from agent.service.app import App
from agent.verdicts.worker import VerdictBoxes
from agent.vision.zones import View
from schemas.config import Config
from schemas.page import Aim
from tests.support.engine import begun
from tests.support.page_rig import page
from tests.support.waiting import PATIENCE, wait_until

CORNER = [[0.0, 0.0], [0.2, 0.0], [0.2, 0.2], [0.0, 0.2]]
STROKE = {"hides": True, "width": 0.5, "points": [[0.9, 0.1], [0.9, 0.9]]}
DRAWN = {"privacy": [CORNER], "mask": [STROKE]}
TOKEN = b"page 1"


def app(folder: Path, **camera: Any) -> App:  # noqa: ANN401
    config = Config.model_validate(
        {
            "mqtt": {"host": "127.0.0.1", "port": 1},
            "page": {"port": 1, "token": "correct-horse-battery"},
            "beep": {"enabled": False},
            "cameras": {"yard": {"source": "demo:", **camera}},
        }
    )
    return App(Loaded(config, None, {}), folder)


def order(aim: dict[str, Any] | None) -> AimOrder:
    it = None if aim is None else Aim.model_validate(aim)
    mask = PaintedMask(painted(it.mask, 240, 320), 240, 320) if it and it.mask else None
    return AimOrder("yard", it, TOKEN, mask)


def take(agent: App, sent: AimOrder) -> None:
    """What the main thread does with an order, until it is answered."""
    agent._take(sent)
    if agent._preparation.busy:
        wait_until("it is prepared", lambda: agent._preparation._ready)
    agent._finish_aim()


def answer(agent: App) -> Any:  # noqa: ANN401
    assert agent._parts.bridge is not None
    found = agent._parts.bridge.answers.get()
    assert found is not None
    return found[1]


@contextmanager
def ended(agent: App) -> Iterator[App]:
    """An agent whose threads end with the test."""
    try:
        yield agent
    finally:
        agent._shut_down()


def cameras_running() -> list[str]:
    return [it.name for it in threading.enumerate() if "yard." in it.name]


def test_a_spoilt_mask_does_not_stop_the_start_and_is_a_problem(tmp_path: Path) -> None:
    drawn = order(DRAWN)
    Aiming(tmp_path).with_aim("yard", drawn.aim, drawn.mask, datetime.now(UTC)).keep()
    mask = next(tmp_path.glob("aim-*.png"))
    mask.write_bytes(mask.read_bytes()[:-20])

    with ended(app(tmp_path)) as again:
        assert len(again._config.cameras["yard"].privacy) == 1
        assert again._parts.bridge is not None
        scene = again._parts.bridge.scenes["yard"]
        assert scene.aim is not None
        assert (len(scene.aim.aim.privacy), scene.aim.aim.mask) == (1, ())
        again._step(Tick(again._gauges(again._clock.monotonic())))
        camera = again._state.cameras["yard"]
        health = camera_health(again._state, camera, again._now())
        assert "draw it again" in health.reasons["aim_unfit"]
        take(again, order(None))
        assert answer(again).ok
        again._step(Tick(again._gauges(again._clock.monotonic())))
        health = camera_health(again._state, camera, again._now())
        assert "aim_unfit" not in health.reasons


def test_what_does_not_fit_is_refused_when_it_is_drawn(tmp_path: Path) -> None:
    with ended(app(tmp_path, recording={"format": "original"})) as agent:
        before = agent._config
        take(agent, order({"privacy": [CORNER]}))
        said = answer(agent)
        assert not said.ok
        assert "original" in said.error.message
        assert agent._config is before
        assert not (tmp_path / NAME).exists()


def test_an_aim_that_cannot_be_kept_is_not_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_self: Aiming) -> None:
        raise ConfigError("No space left on device")

    with ended(app(tmp_path)) as agent:
        monkeypatch.setattr(Aiming, "keep", full)
        take(agent, order(DRAWN))
        assert "No space" in answer(agent).error.message
        assert agent._config.cameras["yard"].privacy == ()
        assert not cameras_running()


def test_an_aim_that_cannot_be_taken_over_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_more: object) -> None:
        raise ConfigError("no")

    with ended(app(tmp_path)) as agent:
        monkeypatch.setattr(camera_changes, "build_camera", refuse)
        take(agent, order(DRAWN))
        assert not answer(agent).ok
        assert agent._config.cameras["yard"].privacy == ()
        assert not Aiming(tmp_path).applied(agent._applied.given).fitted


def test_an_order_during_the_shutdown_starts_no_camera(tmp_path: Path) -> None:
    agent = app(tmp_path)
    assert agent._inbox.put(order(DRAWN))
    agent._shut_down()
    assert not answer(agent).ok
    assert not cameras_running()


def test_nothing_is_painted_on_the_main_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = order(DRAWN)
    monkeypatch.setattr(strokes, "_painted_small", lambda *_args: pytest.fail("painted"))
    with ended(app(tmp_path)) as agent:
        take(agent, sent)
        assert answer(agent).ok


def test_nothing_is_tried_on_the_main_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    real = View.areas

    def counted(view: View, height: int, width: int) -> object:
        threads.append(threading.current_thread().name)
        return real(view, height, width)

    zones = {f"zone_{n}": {"polygon": [[0.0, n / 50], [0.2, 0.3], [0.3, 0.0]]} for n in range(32)}
    with ended(app(tmp_path)) as agent:
        monkeypatch.setattr(View, "areas", counted)
        for sent in (order({"zones": zones, **DRAWN}), order(None)):
            take(agent, sent)
            assert answer(agent).ok
    assert {name for name in threads if "yard." not in name} == {"aim"}


def test_an_aim_that_was_tried_with_another_configuration_is_not_put_in_force(
    tmp_path: Path,
) -> None:
    with ended(app(tmp_path)) as agent:
        agent._take(order(DRAWN))
        agent._take(order(DRAWN))
        assert "under way" in answer(agent).error.message  # one at a time
        wait_until("it is prepared", lambda: agent._preparation._ready)
        agent._applied = replace(agent._applied)  # as a reload does
        agent._finish_aim()
        assert "under way" in answer(agent).error.message
        assert agent._config.cameras["yard"].privacy == ()
        take(agent, order(DRAWN))
        assert answer(agent).ok


def test_the_page_goes_on_while_an_aim_is_painted_and_paints_one_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun_, go = threading.Semaphore(0), threading.Event()
    threads: list[str] = []

    def slow(*_args: object) -> object:
        threads.append(threading.current_thread().name)
        begun_.release()
        assert go.wait(PATIENCE)
        raise ConfigError("looked at")

    monkeypatch.setattr(aim_routes, "painted_plane", slow)
    with page(tmp_path) as rig:
        friend = rig.friend()
        codes: list[int] = []

        def ask() -> None:
            codes.append(friend.post("/api/cameras/yard/aim/check", DRAWN).status)

        asking = [threading.Thread(target=ask) for _ in range(3)]
        for it in asking:
            it.start()
        try:
            assert begun_.acquire(timeout=PATIENCE)
            assert friend.get("/api/state").status == 200
            assert len(threads) == 1
        finally:
            go.set()
        for it in asking:
            it.join(PATIENCE)
        assert codes == [422] * 3
        assert {name.partition("_")[0] for name in threads} == {"page-aim"}


def test_the_order_brings_the_mask_in_the_size_of_the_camera(tmp_path: Path) -> None:
    state = begun()
    stats = VisionStats()
    stats.height, stats.width = 2160, 3840
    state = replace(state, gauges=Gauges(vision={"yard": stats}))
    with page(tmp_path, state=state, full=True) as rig:
        rig.friend().post("/api/cameras/yard/aim", DRAWN)
        (sent,) = [it for it in rig.orders if isinstance(it, AimOrder)]
        assert sent.mask is not None
        assert (sent.mask.height, sent.mask.width) == (2160, 3840)


def test_a_mask_without_a_size_is_refused(tmp_path: Path) -> None:
    with page(tmp_path, full=True) as rig:
        said = rig.friend().post("/api/cameras/yard/aim", DRAWN)
        assert said.status == 422
        assert "no picture yet" in said.json()["message"]


def test_aims_wait_for_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    real = asyncio.sleep

    async def counted(seconds: float) -> None:
        pauses.append(round(seconds))
        await real(0)

    async def ask() -> list[str]:
        orders = Orders(Bridge(lambda _order: False, SystemClock(), VerdictBoxes().questions))
        return [(await orders.aim("yard", None)).code for _ in range(5)]

    monkeypatch.setattr("agent.page.pending_orders.asyncio.sleep", counted)
    assert asyncio.run(ask()) == ["busy"] * 5
    assert pauses == [0, AIM_EVERY, 2 * AIM_EVERY]


def test_cameras_end_with_the_test(tmp_path: Path) -> None:
    with ended(app(tmp_path)) as agent:
        take(agent, order({"privacy": [CORNER]}))
        wait_until("the camera runs", cameras_running)
    assert not cameras_running()


def test_time_and_direction_of_a_zone_go_through_the_page_and_come_back(tmp_path: Path) -> None:
    zones: dict[str, dict[str, Any]] = {
        "street": {"polygon": [[0.0, 0.0], [1.0, 0.0], [1.0, 0.4]], "mode": "watch"},
        "gate": {"polygon": CORNER, "dwell": 2.5, "came_from": "street"},
    }
    with page(tmp_path, full=True) as rig:
        friend = rig.friend()
        said = friend.post("/api/cameras/yard/aim/check", {"zones": zones}).json()
        again = friend.post("/api/cameras/yard/aim/check", said["aim"]).json()
        assert again["aim"] == said["aim"]
        gate = said["aim"]["zones"]["gate"]
        assert (gate["dwell"], gate["came_from"]) == (2.5, "street")
        assert "dwell: 2.5" in said["yaml"]
        assert "came_from: street" in said["yaml"]
        del zones["street"]
        refused = friend.post("/api/cameras/yard/aim/check", {"zones": zones})
        assert refused.status == 422
        assert "zone gate: came_from: street is no zone" in refused.json()["message"]
