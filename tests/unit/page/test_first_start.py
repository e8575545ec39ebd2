"""The first start: what may be tried, how often, and the file that is written once."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from agent.core.errors import ConfigError
from agent.demo.run import _page, first_file
from agent.first_start import broker_trial, child, store_trial, writing
from agent.first_start.camera_search import guessed, is_near
from agent.page import children
from agent.page.first_start import IN_SECONDS, TRIES, WITHIN, FirstStart, Wait
from agent.storage.store.identity import adopt_store
from schemas.first_start import BrokerTry, CameraTry, FirstConfig, Guess, StoreTry
from tests.support.broker import free_port
from tests.support.clock import START, SetClock


def names(folder: str | Path) -> list[str]:
    """What lies there."""
    return [path.name for path in Path(folder).iterdir()]


PAGE = {"bind": "127.0.0.1", "port": 8655}
CAMERA = {"name": 'Gate "7": {x}', "source": "rtsp://ann:secret-1@192.168.1.9/live?a=#1"}
BROKER = {"host": "::1", "port": 8883, "user": "pi", "password": "*&secret-2", "tls": True}
ORDER = {
    "camera": CAMERA,
    "broker": BROKER,
    "store": "/mnt/a: b",
    "user": "ann",
    "password": "secret-33",
}


@pytest.mark.parametrize(
    "source",
    [
        "exec:touch /tmp/x",
        "file:/etc/passwd",
        "demo:",
        "v4l2:/etc/passwd",
        "rpicam:?a=$(x)",
        "rtsp://a b/",
        "rtsp://a/\n",
        "http://",
        "",
    ],
)
def test_only_cameras_can_be_named(source: str) -> None:
    with pytest.raises(ValidationError):
        CameraTry(source=source)
    with pytest.raises(ValidationError):
        FirstConfig.model_validate({**ORDER, "camera": {"name": "a", "source": source}})


@pytest.mark.parametrize("path", ["store", "/a/../etc", "", "/a\0b"])
def test_a_folder_has_a_whole_path(path: str) -> None:
    with pytest.raises(ValidationError):
        StoreTry(path=path)


@pytest.mark.parametrize("host", ["", "a/b", "http://a", "a b", "a:b", "@a", "a:1:2"])
def test_a_host_is_one(host: str) -> None:
    with pytest.raises(ValidationError):
        Guess(host=host)
    with pytest.raises(ValidationError):
        BrokerTry(host=host.replace(":1:2", ":1"))


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("127.0.0.1", True),
        ("192.168.1.9", True),
        ("10.0.0.1", True),
        ("172.31.0.1", True),
        ("169.254.3.3", True),
        ("100.64.0.7", True),
        ("::1", True),
        ("fe80::1%eth0", True),
        ("fd00::1", True),
        ("::ffff:192.168.1.9", True),
        ("8.8.8.8", False),
        ("172.32.0.1", False),
        ("2001:4860::8888", False),
        ("::ffff:8.8.8.8", False),
        ("224.0.0.1", False),
        ("ff02::1", False),
        ("0.0.0.0", False),
        ("255.255.255.255", False),
        ("x", False),
    ],
)
def test_which_addresses_are_near(address: str, *, near: bool) -> None:
    assert is_near(address) is near


def test_nothing_is_guessed_on_somebody_elses_host() -> None:
    said = guessed("8.8.8.8", "", "", SetClock(START))
    assert said["ok"] is False
    assert "not in your own network" in said["message"]


def test_the_port_that_was_named_is_named_again() -> None:
    said = guessed(f"127.0.0.1:{free_port()}", "", "", SetClock(START))
    assert "nobody listens on port" in said["message"]


def test_the_file_is_right_whatever_was_typed_and_has_the_password_as_a_hash_only() -> None:
    order = FirstConfig.model_validate(ORDER)
    tree = yaml.safe_load(writing.text(order, PAGE, "2026-11-29", shown=False))
    assert tree["cameras"] == {"gate_7_x": CAMERA}
    assert tree["mqtt"] == {
        "host": "::1",
        "port": 8883,
        "username": "pi",
        "password": BROKER["password"],
        "tls": {},
    }
    assert tree["store"] == {"path": "/mnt/a: b"}
    assert tree["page"]["password"].startswith("scrypt")
    shown = writing.text(order, PAGE, "2026-11-29", shown=True)
    assert "secret" not in shown
    for mark in ("**broker password**", "**page password**", "**source**"):
        assert f'"{mark}"' in shown


@pytest.mark.parametrize(
    "secret",
    ["a'b\"c$d\\e", "x\n!tag: y", "\u200d\U0001f600", "\u2028\x7f\x85", "${HOME}", " 0123 "],
)
def test_a_text_comes_back_out_of_the_file_as_it_was_typed(secret: str) -> None:
    order = FirstConfig.model_validate({**ORDER, "broker": {**BROKER, "password": secret}})
    tree = yaml.safe_load(writing.text(order, PAGE, "2026-11-29", shown=False))
    assert tree["mqtt"]["password"] == secret


@pytest.mark.parametrize(
    ("name", "camera"),
    [
        ("1", "1"),
        ("Null", "null"),
        ("on", "on"),
        ("1_0", "1_0"),
        ("Дверь", "camera"),
        ("!", "camera"),
    ],
)
def test_whatever_a_camera_is_called_its_id_is_right(
    name: str, camera: str, tmp_path: Path
) -> None:
    order = FirstConfig.model_validate({**ORDER, "camera": {**CAMERA, "name": name}})
    environ = {"SURVEILLANCE_AGENT__STATE_DIR": str(tmp_path)}
    said = writing.written(order, PAGE, tmp_path / "config.yaml", environ, SetClock(START))
    assert said["ok"], said
    tree = yaml.safe_load((tmp_path / "config.yaml").read_text())
    assert list(tree["cameras"]) == [camera] == [said["camera"]]


@pytest.mark.parametrize(
    "source", ["http://10.0.0.9/live?token=secret-44", "http://10.0.0.9/user=a_password=secret-44"]
)
def test_no_secret_of_a_url_is_shown(source: str) -> None:
    order = FirstConfig.model_validate({**ORDER, "camera": {**CAMERA, "source": source}})
    assert "secret" not in writing.text(order, PAGE, "2026-11-29", shown=True)
    plain = FirstConfig.model_validate(
        {**ORDER, "camera": {**CAMERA, "source": "rtsp://10.0.0.9/stream1"}}
    )
    assert "rtsp://10.0.0.9/stream1" in writing.text(plain, PAGE, "2026-11-29", shown=True)


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    place, order = tmp_path / "config.yaml", FirstConfig.model_validate(ORDER)
    environ = {"SURVEILLANCE_AGENT__STATE_DIR": str(tmp_path)}
    first = writing.written(order, PAGE, place, environ, SetClock(START))
    assert first["ok"], first
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    before = place.read_bytes()
    second = writing.written(order, PAGE, place, environ, SetClock(START))
    assert not second["ok"]
    assert "never overwritten" in second["message"]
    assert place.read_bytes() == before
    assert names(tmp_path) == ["config.yaml"]
    place.unlink()
    place.symlink_to(tmp_path / "elsewhere")
    assert not writing.written(order, PAGE, place, environ, SetClock(START))["ok"]
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_system_without_hard_links_gets_the_file_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_one: object, _other: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    place = tmp_path / "config.yaml"
    writing._write_new(place, b"one")
    with pytest.raises(FileExistsError):
        writing._write_new(place, b"two")
    assert place.read_bytes() == b"one"
    assert names(tmp_path) == ["config.yaml"]
    place.unlink()
    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(PermissionError):
        writing._write_new(place, b"three")
    assert names(tmp_path) == []


def test_what_the_configuration_does_not_like_is_said_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    place = tmp_path / "config.yaml"
    order = FirstConfig.model_validate({**ORDER, "camera": {**CAMERA, "source": "rtsp://a:0/"}})
    said = writing.written(order, PAGE, place, {}, SetClock(START))
    assert not said["ok"]
    assert "port" in said["message"]
    assert not place.exists()
    nowhere = tmp_path / "gone/config.yaml"
    environ = {"SURVEILLANCE_AGENT__STATE_DIR": str(tmp_path)}
    order = FirstConfig.model_validate(ORDER)
    said = writing.written(order, PAGE, nowhere, environ, SetClock(START))
    assert "cannot be written" in said["message"]
    assert "**source**" in said["yaml"]


def test_what_is_said_of_a_folder(tmp_path: Path) -> None:
    new = str(tmp_path / "new")
    assert store_trial.tried(new, make=False)["make"] is True
    assert store_trial.tried(f"{new}/below", make=False)["make"] is False
    assert "cannot be made" in store_trial.tried(f"{new}/below", make=True)["message"]
    assert store_trial.tried(new, make=True)["ok"]
    assert names(new) == []
    (tmp_path / "new/letter.txt").write_text("mine")
    assert "adopt-store" in store_trial.tried(new, make=False)["message"]
    assert names(new) == ["letter.txt"]
    assert not store_trial.tried(str(tmp_path / "new/letter.txt"), make=True)["ok"]
    adopt_store(new)
    assert "already" in store_trial.tried(new, make=False)["message"]


def test_whatever_the_child_is_asked_it_answers() -> None:
    clock = SetClock(START)
    assert child.answer({}, clock) == {"ok": False, "message": "that failed: KeyError"}
    assert not child.answer({"do": "store", "path": 7, "make": False}, clock)["ok"]
    assert not child.answer({"do": "write", "order": {}}, clock)["ok"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.1"])
def test_the_demos_own_broker_is_none_for_the_agent(host: str, tmp_path: Path) -> None:
    wanted = {"host": host, "port": 1999}
    tries = {"do": "broker", "user": "", "password": "", "tls": False, **wanted}
    order = {**ORDER, "store": None, "broker": wanted}
    writes = {"do": "write", "order": order, "page": PAGE, "file": str(tmp_path / "config.yaml")}
    for task in (tries, writes):
        said = child.answer({**task, "demo_broker": 1999}, SetClock(START))
        assert not said["ok"]
        assert "the broker of this demo" in said["message"]
    assert names(tmp_path) == []
    assert (
        broker_trial.of_the_demo(host, 1998, 1999)
        == broker_trial.of_the_demo("192.0.2.1", 1999, 1999)
        == ""
    )


def test_no_file_is_written_for_a_store_that_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SURVEILLANCE_AGENT__STATE_DIR", str(tmp_path / "state"))
    place, folder = tmp_path / "config.yaml", tmp_path / "recordings"
    order = {**ORDER, "store": str(folder)}
    task = {"do": "write", "order": order, "page": PAGE, "file": str(place), "demo_broker": 0}
    said = child.answer(task, SetClock(START))
    assert not said["ok"]
    assert f"there is no folder {folder}" in said["message"]
    assert not place.exists()
    folder.mkdir()
    assert child.answer(task, SetClock(START))["ok"]
    assert place.exists()


def _speaking(code: str) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-S", "-c", code], stdin=pipe, stdout=pipe)


@pytest.mark.parametrize("line", ["", "7", "x", "{", "[" * 2000, "\\n"])
def test_a_child_that_speaks_nonsense_is_a_try_that_failed(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"import sys; sys.stdin.read(); print({line!r})"
    monkeypatch.setattr(children, "begin", lambda _module: _speaking(code))
    first = FirstStart(tmp_path, 0)
    said = asyncio.run(first.ask("store", path="/x", make=False))
    first.close()
    assert said["ok"] is False


def test_one_try_at_a_time_each_with_an_end_and_not_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WITHIN, "store", 0.3)
    first = FirstStart(tmp_path, 0)

    async def main() -> None:
        code = "import sys, select; sys.stdin.read(); select.select([], [], [])"
        monkeypatch.setattr(children, "begin", lambda _module: _speaking(code))
        under_way = asyncio.create_task(first.ask("store"))
        await asyncio.sleep(0)
        with pytest.raises(Wait, match="under way"):
            await first.ask("store")
        assert "no answer within" in (await under_way)["message"]
        answer = json.dumps({"ok": True})
        quick = f"import sys; sys.stdin.read(); print({answer!r})"
        monkeypatch.setattr(children, "begin", lambda _module: _speaking(quick))
        monkeypatch.setitem(WITHIN, "store", 30.0)
        for _ in range(TRIES - 1):
            assert (await first.ask("store"))["ok"]
        with pytest.raises(Wait, match="too many") as wait:
            await first.ask("store")
        assert 0.0 < wait.value.seconds <= IN_SECONDS

    asyncio.run(main())
    first.close()


def test_where_there_is_a_configuration_none_is_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("agent.demo.run.DEFAULT_PLACES", (Path("config.yaml"),))
    assert first_file({}) == tmp_path / "config.yaml"
    assert first_file({"SURVEILLANCE_CONFIG": "/elsewhere.yaml"}) is None
    (tmp_path / "config.yaml").symlink_to("nowhere")
    assert first_file({}) is None


def test_the_demo_takes_what_the_environment_says_of_the_page() -> None:
    environ = {"SURVEILLANCE_PAGE__BIND": "0.0.0.0", "SURVEILLANCE_PAGE__PORT": "9000"}
    found, link = _page({**environ, "SURVEILLANCE_MQTT__HOST": "x"})
    assert {key: found[key] for key in environ} == environ
    assert "SURVEILLANCE_MQTT__HOST" not in found
    assert link.startswith("http://127.0.0.1:9000/login?once=")
    assert "this machine's address" in link


def test_a_mistake_of_the_configuration_is_no_traceback() -> None:
    def broken(_task: object, _clock: object) -> dict[str, object]:
        raise ConfigError("cameras: wrong")

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(child.DO, "find", broken)
        said = child.answer({"do": "find"}, SetClock(START))
    assert said == {"ok": False, "message": "cameras: wrong"}
