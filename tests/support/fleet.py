"""Many agents on one broker: real processes, each with a store and a camera of its own."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from schemas.topics import AgentTopics
from tests.support.agent_process import House, Process
from tests.support.scene import still
from tests.support.waiting import PATIENCE, wait_until

_CONNECTED = re.compile(r"^(\S+) INFO \S+: broker \S+: connected, MQTT (\S+)", re.MULTILINE)


class Fleet:
    """Agents `a01`, `a02`, …, each with the camera `<agent>_1` and a threshold of its own.

    Attributes:
        houses: by agent id; the configuration may be changed before `start`.
        running: by agent id.
    """

    def __init__(self, folder: Path, broker_port: int, count: int, fps: float = 1.0) -> None:
        scene = still(folder, (240, 320))
        self.houses: dict[str, House] = {}
        self.running: dict[str, Process] = {}
        for number in range(1, count + 1):
            name = f"a{number:02}"
            (folder / name).mkdir()
            house = House(folder / name, broker_port)
            house.config["agent"]["id"] = name
            source = {"source": f"file:{scene}?fps={fps:g}"}
            detection = {"pixel_threshold": 20 + number}
            house.config["cameras"] = {f"{name}_1": {**source, "detection": detection}}
            self.houses[name] = house

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for house in self.houses.values():
            house.__exit__(*error)

    def start(self) -> None:
        """Starts all at once."""
        self.running = {name: house.agent() for name, house in self.houses.items()}

    def stop(self) -> None:
        """SIGTERM to all at once; waits for the last."""
        for process in self.running.values():
            process.signal(signal.SIGTERM)
        for process in self.running.values():
            assert process.wait(PATIENCE) == 0

    def topics(self, name: str) -> AgentTopics:
        return AgentTopics("surveillance", name)

    def setting(self, name: str, setting: str) -> str:
        """Topic of the value in force of a setting of the agent's camera."""
        return self.topics(name).camera(f"{name}_1").setting_state(setting)

    def connected(self, since: float) -> dict[str, float]:
        """Agents that said that they connected after `since` (seconds since 1970), and when."""
        found: dict[str, float] = {}
        for name, process in self.running.items():
            times = [when for when, _ in connections(process) if when >= since]
            if times:
                found[name] = times[0]
        return found

    def wait_connected(self, since: float, seconds: float) -> dict[str, float]:
        """`connected`, of all."""
        wait_until(
            "all agents connect",
            lambda: len(self.connected(since)) == len(self.running),
            seconds,
            every=0.1,
        )
        return self.connected(since)


def connections(process: Process) -> list[tuple[float, str]]:
    """Each time that the agent connected, by its log: seconds since 1970, protocol."""
    return [
        (datetime.fromisoformat(when).timestamp(), protocol)
        for when, protocol in _CONNECTED.findall(process.log)
    ]


def spread(values: Iterable[float]) -> dict[str, Any]:
    """First, middle and last, rounded to hundredths."""
    ordered = sorted(values)
    if not ordered:
        return {}
    first, middle, last = ordered[0], ordered[len(ordered) // 2], ordered[-1]
    return {"first": round(first, 2), "median": round(middle, 2), "last": round(last, 2)}
