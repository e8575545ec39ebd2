"""A storm of commands and outside events over a real agent: the house, and what is done to it.

Agent, broker, store and the UDP camera are processes of their own, the web cameras real servers.
What has to hold afterwards is in `storm_rest`; `storm_runs` runs many storms.
"""

from __future__ import annotations

import json
import signal
import socket
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import yaml

from tests.resilience.storm_cameras import Rtsp, StormCamera, Udp, Web
from tests.resilience.storm_page import Page
from tests.resilience.storm_plan import OUTSIDE, Act, address
from tests.support.agent_mqtt import Ear
from tests.support.agent_process import TOPICS, House, Process
from tests.support.broker import Broker, free_port
from tests.support.faulty_link import FaultyLink
from tests.support.observer import Observer
from tests.support.waiting import PATIENCE, wait_until
from tests.support.wallclock import CLOCK, put_ahead, wallclock

ANSWERS = "answers/storm"
_OPEN = float("inf")


@dataclass
class Sent:
    """A command, when it was sent, and what number its answers have."""

    act: Act
    number: int
    at: float


class Storm:
    """The house, and what is done to it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self._stack = ExitStack()
        (folder / "broker").mkdir()
        self.broker = Broker(folder / "broker")
        self.house: House
        self._seed = seed
        self.scenes: dict[str, StormCamera] = {}
        self.sent: list[Sent] = []
        self.away: list[tuple[float, float]] = []  # when nobody listened to commands
        self.removed: dict[str, float] = {}  # when a camera was last taken out
        self.agent: Process
        self.reoffer = free_port()
        self.page = Page(free_port())
        self._clock: dict[str, str] = {}  # the environment of an agent whose wall clock jumps
        self._viewers: list[socket.socket] = []
        self.full: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        try:
            self._begin()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _begin(self) -> None:
        stack = self._stack
        self.broker.start()
        stack.callback(self.broker.kill)
        self.link = stack.enter_context(FaultyLink(self.broker.port))
        self.house = stack.enter_context(House(self.folder, self.link.port))
        web = Web(stack, self._seed, "/stream")
        self.scenes = {
            "yard": web,
            "shed": Web(stack, self._seed + 1, "/still.jpg"),
            "gate": Udp(stack, self.folder, self._seed),
            "lane": Rtsp(stack),
        }
        self._second_url = web.web.url("/stream?second")
        self.full = {name: {"source": scene.source} for name, scene in self.scenes.items()}
        self.full["shed"]["still_interval"] = 0.2
        self.full["lane"]["detection"] = {"profile": "plain", "min_changed": 50, "max_changed": 100}
        for camera in self.full.values():
            camera |= {
                "recording": {"pre_seconds": 0.5, "post_frames": 3},
                "analysis_fps": 30,
                "name": "Camera",
            }
        self.house.config |= {
            "cameras": {name: dict(camera) for name, camera in self.full.items()},
            "reoffer": {"port": self.reoffer},
            "page": {"port": self.page.port, "token": self.page.token},
        }
        (self.folder / CLOCK).write_bytes(bytes(8))
        self._clock = wallclock(self.folder)
        self.house.config["mqtt"]["keepalive"] = 5
        self.house.config["agent"]["trust_clock"] = "always"
        self.ear = stack.enter_context(Observer(self.broker.port))
        self.answers = stack.enter_context(Ear(self.broker.port, "answers/#"))
        stack.callback(self._unwatch)
        self.start()

    # ------------------------------------------------------------ the agent

    def start(self) -> None:
        """A new process; comes back when it listens."""
        heard = len(self.ear.of(TOPICS.availability))
        began = self.away.pop()[0] if self.away and self.away[-1][1] == _OPEN else time.monotonic()
        self.agent = self.house.agent(**self._clock)
        if not self.link.refusing:
            self._wait_online(heard)
        self.away.append((began, time.monotonic() if not self.link.refusing else _OPEN))

    def _wait_online(self, heard: int) -> None:
        wait_until(
            "the agent is online",
            lambda: b"online" in self.ear.payloads(TOPICS.availability)[heard:],
            2 * PATIENCE,
        )

    def _gone(self) -> None:
        """From now on nobody hears commands."""
        if not self.away or self.away[-1][1] != _OPEN:
            self.away.append((time.monotonic(), _OPEN))

    def listened(self, at: float, seconds: float = 12.0) -> bool:
        """A command of that moment is surely heard, and answered."""
        return not any(begun - seconds <= at <= ended for begun, ended in self.away)

    # ------------------------------------------------------------ acts

    def act(self, act: Act) -> None:
        """One act, after its gap."""
        time.sleep(act.gap)
        if act.what in OUTSIDE:
            getattr(self, f"_{act.what}")(act.camera, act.value)
        else:
            self.command(act)

    def command(self, act: Act) -> int:
        """Sends a command; the number that its answers have."""
        topic, payload = address(act, TOPICS)
        number = len(self.sent)
        self.sent.append(Sent(act, number, time.monotonic()))
        self.ear.say(topic, payload, ResponseTopic=ANSWERS, CorrelationData=str(number).encode())
        if act.what == "restart" and not self.link.refusing:
            self._gone()
            with suppress(Exception):
                self.agent.wait(30)
            if self.agent.exit_code is not None:
                self.start()
        return number

    def answered(self, number: int) -> list[dict[str, Any]]:
        """The answers to a command."""
        mine = str(number).encode()
        return [
            json.loads(heard.payload)
            for heard in self.answers.of(ANSWERS)
            if heard.properties.CorrelationData == mine
        ]

    def reload(self) -> None:
        """Has the agent read its configuration again."""
        (self.folder / "config.yaml").write_text(yaml.safe_dump(self.house.config))
        if self.agent.exit_code is None:
            self.agent.signal(signal.SIGHUP)

    @property
    def cameras(self) -> dict[str, Any]:
        """In the configuration, now."""
        found: dict[str, Any] = self.house.config["cameras"]
        return found

    def _change(self, camera: str, **values: object) -> None:
        if camera in self.cameras:
            self.cameras[camera] |= values
            self.reload()

    def _remove(self, camera: str, _value: str) -> None:
        if camera in self.cameras and len(self.cameras) > 1:
            del self.cameras[camera]
            self.removed[camera] = time.monotonic()
            self.reload()

    def _add(self, camera: str, _value: str) -> None:
        if camera not in self.cameras:
            self.cameras[camera] = dict(self.full[camera])
            self.reload()

    def _rename(self, camera: str, value: str) -> None:
        self._change(camera, name=value)

    def _enable(self, camera: str, value: str) -> None:
        self._change(camera, enabled=value == "true")

    def _source(self, camera: str, value: str) -> None:
        of = {"yard": "shed", "shed": "yard"}.get(camera, camera) if value == "other" else camera
        path = "?other" if value == "other" and of != camera else ""
        self._change(camera, source=self.full[of]["source"] + path)

    def _profile(self, camera: str, value: str) -> None:
        self._change(camera, detection={"profile": value})

    def _rebuild(self, camera: str, value: str) -> None:
        self._change(camera, clear_delay_seconds=float(value))

    def _private_file(self, camera: str, value: str) -> None:
        self._change(camera, privacy_mode=value == "true")

    def _hangup(self, _camera: str, _value: str) -> None:
        self.reload()

    def _walk(self, camera: str, value: str) -> None:
        self.scenes[camera].walk(on=value == "true")

    def _cut(self, camera: str, _value: str) -> None:
        self.scenes[camera].cut()

    def _stall(self, camera: str, value: str) -> None:
        self.scenes[camera].stall(on=value == "true")

    def _refuse(self, camera: str, value: str) -> None:
        self.scenes[camera].refuse(on=value == "true")

    def _clock_jump(self, _camera: str, value: str) -> None:
        put_ahead(self.folder, int(value))

    def _order(self, camera: str, value: str) -> None:
        """Somebody orders something on the page; it is answered before the storm goes on."""
        sure = all(self.answered(sent.number) for sent in self.sent)
        self.page.order(camera, json.loads(value), number=len(self.sent), sure=sure)

    def _broker(self, _camera: str, value: str) -> None:
        if value == "true" and self.link.refusing:
            heard = len(self.ear.of(TOPICS.availability))
            self.link.refusing = False
            self._wait_online(heard)
            began = self.away.pop()[0] if self.away[-1][1] == _OPEN else time.monotonic()
            self.away.append((began, time.monotonic()))
        elif value == "false" and not self.link.refusing:
            self._gone()
            self.link.refusing = True
            self.link.cut()

    def _store(self, _camera: str, value: str) -> None:
        here, there = self.house.store, self.folder / "store-elsewhere"
        if value == "true" and there.exists():
            if here.exists():
                here.rename(self.folder / f"store-between-{time.monotonic_ns()}")
            there.rename(here)
        elif value == "false" and here.exists() and not there.exists():
            here.rename(there)

    def _watch(self, camera: str, value: str) -> None:
        if value == "false":
            self._unwatch()
            return
        with suppress(OSError):
            viewer = socket.create_connection(("127.0.0.1", self.reoffer), 1.0)
            viewer.sendall(f"GET /{camera}/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            self._viewers.append(viewer)

    def _unwatch(self) -> None:
        while self._viewers:
            self._viewers.pop().close()

    def _born(self, _camera: str, _value: str) -> None:
        self.ear.say("homeassistant/status", "online")

    def _flood(self, camera: str, value: str) -> None:
        """A slider is moved to and fro, then something else is set."""
        for number in range(100):
            self.ear.post(TOPICS.camera(camera).setting_set("post_frames"), str(2 + number % 9))
        for last in ("post_frames 10", f"armed {value}"):
            self.command(Act(0.0, "setCameraSetting", camera, last))

    def _second(self, camera: str, value: str) -> None:
        if camera == "yard":
            record = self._second_url if value == "true" else None
            self._change(camera, record_source=record)

    def _format(self, camera: str, value: str) -> None:
        self._change(camera, recording={**self.full[camera]["recording"], "format": value})

    def _stop(self, _camera: str, value: str) -> None:
        if self.link.refusing:
            return
        self._gone()
        if value == "kill":
            self.agent.kill()
        else:
            self.agent.stop()
        self.start()

    # ------------------------------------------------------------ rest

    def rest(self, seconds: float) -> None:
        """Nothing is done for a while."""
        time.sleep(seconds)

    def calm(self) -> None:
        """Outside all is well again; what commands set stays as it is."""
        self._unwatch()
        self._store("", "true")
        put_ahead(self.folder, 0)
        for scene in self.scenes.values():
            scene.walk(on=False)
            scene.refuse(on=False)
            scene.stall(on=False)
        self.house.config["cameras"] = {name: dict(camera) for name, camera in self.full.items()}
        known = len(self.agent.log)
        self.reload()
        self._broker("", "true")
        wait_until("it is read", lambda: "configuration: read again" in self.agent.log[known:])
        for _ in range(3):  # the first may be answered while the cameras are exchanged
            number = self.command(Act(0.0, "requestStatus", "", "{}"))
            wait_until("status", partial(self.answered, number))

    def threads(self) -> int:
        """Of the agent."""
        return _count(f"/proc/{self.agent.pid}/task")

    def descriptors(self) -> int:
        """Of the agent."""
        return _count(f"/proc/{self.agent.pid}/fd")


def _count(folder: str) -> int:
    return sum(1 for _ in Path(folder).iterdir())
