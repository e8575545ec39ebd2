"""The first start behind the page's door: who may, where, and what never comes back."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from agent.page.first_start import FirstStart
from schemas.commands import Restart
from schemas.page_api import ROUTES
from tests.support.broker import free_port
from tests.support.page_rig import TOKEN, Visitor, page
from tests.support.waiting import wait_until

SETUP = [route for route in ROUTES if route.path.startswith("/api/setup")]
SECRET = "geheim-12345"  # noqa: S105  of the test


def test_a_configured_agent_has_nothing_there(tmp_path: Path) -> None:
    with page(tmp_path) as rig:
        friend = rig.friend()
        assert friend.get("/setup").status == 404
        for route in SETUP:
            assert friend.ask(route.method.upper(), route.path, {}).status == 404, route.path


def test_a_stranger_and_a_forged_request_try_nothing(tmp_path: Path) -> None:
    with page(tmp_path, first_file=tmp_path / "config.yaml") as rig:
        visitor, friend = rig.visitor(), rig.friend()
        forged = Visitor(rig.port, friend.cookie)
        assert visitor.get("/setup").status == 303
        for route in SETUP:
            assert visitor.ask(route.method.upper(), route.path, {}).status == 401, route.path
            if route.method == "post":
                assert forged.post(route.path).status == 403, route.path
        assert friend.get("/setup").status == 200
        script = Visitor(rig.port, headers={"Authorization": f"Bearer {TOKEN}"})
        assert script.get("/api/setup").status == 200
        assert list(tmp_path.iterdir()) == []


def test_no_secret_comes_back_and_nothing_starts_before_a_file_is_there(tmp_path: Path) -> None:
    place, nobody = tmp_path / "config.yaml", free_port()
    with page(tmp_path, first_file=place) as rig:
        friend = rig.friend()
        assert friend.post("/api/setup/start").status == 409
        login = {"user": "ann", "password": SECRET}
        url = f"rtsp://ann:{SECRET}@127.0.0.1:{nobody}/a"
        broker = {"host": "127.0.0.1", "port": nobody, **login}
        config = {"camera": {"name": "Yard", "source": url}, "broker": broker, **login}
        tries = {
            "camera": {"source": url},
            "guess": {"host": f"127.0.0.1:{nobody}", **login},
            "broker": broker,
            "store": {"path": str(tmp_path)},
            "write": config,
        }
        for path, body in tries.items():
            said = friend.post(f"/api/setup/{path}", body)
            assert said.status == 200, (path, said.body)
            assert SECRET.encode() not in said.body, path
            assert said.json()["message"], path
        assert said.json()["ok"], said.body  # the last one is `write`
        assert SECRET in place.read_text()
        again = friend.post("/api/setup/write", config).json()
        assert not again["ok"]
        for wrong in ({"source": f"exec:echo {SECRET}"}, {"source": 7}, {"x": SECRET}):
            said = friend.post("/api/setup/camera", wrong)
            assert said.status == 422
            assert SECRET.encode() not in said.body
            assert b"Value error" not in said.body
        assert rig.orders == []


def test_who_leaves_a_try_leaves_no_program_that_holds_the_camera(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, note = tmp_path / "rpicam-vid", tmp_path / "pid"
    program.write_text(f"#!/bin/sh\necho $$ > {note}.part; mv {note}.part {note}\nexec sleep 600\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    async def main() -> None:
        first = FirstStart(tmp_path / "config.yaml", 0)
        under_way = asyncio.create_task(first.ask("camera", source="rpicam:"))
        await asyncio.to_thread(wait_until, "an end", lambda: note.exists() or under_way.done())
        assert note.exists(), under_way.result()
        pid = int(note.read_text())
        under_way.cancel()
        with pytest.raises(asyncio.CancelledError):
            await under_way
        await asyncio.to_thread(wait_until, "its end", lambda: not Path(f"/proc/{pid}").exists())
        first.close()

    asyncio.run(main())


def test_the_start_is_a_restart(tmp_path: Path) -> None:
    place = tmp_path / "config.yaml"
    place.write_text("{}")
    with page(tmp_path, first_file=place, full=True) as rig:
        assert rig.friend().post("/api/setup/start").status == 503  # the rig has no room
        parsed = wait_until("the order", lambda: rig.orders)[0]
        assert parsed.command == Restart()  # type: ignore[attr-defined]
