"""Many agents on one broker and one Home Assistant: storms, and whether all is right afterwards.

    HA_HARNESS=... HA_VENV=... .venv/bin/python -m benchmarks.fleet --agents 50 --home-assistant

Each agent is the real process with a store and a camera that plays pictures of 320x240 (1 a second;
the first agent's 30). The broker is a Mosquitto as installed, without persistence: a restart
forgets everything. Its queue is the default of 1,000 messages. Phases: all agents start at once;
the broker is killed and started; killed for 20 s; Home Assistant restarts; all agents restart at
once; one agent publishes each score; each time a command goes to all agents at once.

Right is an entity whose state in Home Assistant's API equals what its agent said last. Without
--home-assistant only the agents' return is measured. The output is that of
docs/explanation/scale.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paho.mqtt import client as paho

from benchmarks.agent_udp import children, cpu
from tests.support.agent_mqtt import Ear
from tests.support.broker import Broker, mosquitto
from tests.support.fleet import Fleet, spread
from tests.support.ha_truth import wrong
from tests.support.home_assistant import HomeAssistant, entities, make
from tests.support.waiting import wait_until

#: Issue 5: seconds of an agent on a returned broker, of right entities after the birth message.
BACK_WITHIN = 5.0
RIGHT_WITHIN = 10.0
BIRTH = "homeassistant/status"
#: Seconds after the birth message in which the agents answer it.
SETTLED = 6.0
PATIENCE = 180.0


class Witness(Ear):
    """An `Ear` on everything that keeps the last payload of each topic, and counts."""

    def __init__(self, port: int) -> None:
        self.said: dict[str, bytes] = {}
        self.messages = 0
        self.bytes = 0
        super().__init__(port, "surveillance/#", "homeassistant/#")

    def _on_message(self, client: object, userdata: object, message: paho.MQTTMessage) -> None:
        self.said[message.topic] = bytes(message.payload)
        self.messages += 1
        self.bytes += len(message.topic) + len(message.payload)
        super()._on_message(client, userdata, message)


@dataclass(frozen=True)
class Costs:
    """What was spent so far; `processor`: seconds by group and process id."""

    messages: float
    megabytes: float
    processor: dict[str, dict[int, float]]

    def since(self, before: Costs) -> dict[str, float]:
        """What was spent since; a process that began meanwhile with all it spent."""
        found = {
            "messages": self.messages - before.messages,
            "MB": self.megabytes - before.megabytes,
        }
        for group, spent in self.processor.items():
            earlier = before.processor[group]
            found[group] = sum(cost - earlier.get(pid, 0.0) for pid, cost in spent.items())
        return found


@dataclass(frozen=True)
class Phase:
    """Something that is done to the rig.

    Attributes:
        what: for the table.
        act: does it; returns the monotonic time from which to count.
        agents: the agents connect anew.
        birth: Home Assistant is born anew.
    """

    what: str
    act: Callable[[], float]
    agents: bool = False
    birth: bool = False


@dataclass
class Rig:
    """What runs, and what was seen of it."""

    broker: Broker
    fleet: Fleet
    witness: Witness
    home_assistant: HomeAssistant | None
    names: dict[str, str] = field(default_factory=dict)

    def costs(self) -> Costs:
        """Seconds of CPU of each process so far, and what a subscriber of everything got."""
        agents = [process.pid for process in self.fleet.running.values()]
        home = [] if self.home_assistant is None else [int(self.home_assistant.meta["pid"])]
        groups = {
            "CPU broker": [self.broker.pid],
            "CPU HA": home,
            "CPU agents": [pid for agent in agents for pid in [agent, *children(agent)]],
        }
        processor = {group: {pid: cpu(pid) for pid in pids} for group, pids in groups.items()}
        return Costs(self.witness.messages, self.witness.bytes / 1e6, processor)

    def wrong(self) -> dict[str, str]:
        """Entities that do not show what is true."""
        if self.home_assistant is None:
            return {}
        said = dict(self.witness.said)
        states = {name: state["state"] for name, state in self.home_assistant.states().items()}
        found = wrong(said, {of: states.get(name, "missing") for of, name in self.names.items()})
        if "missing" in found.values():
            self.names = entities(self.home_assistant)
        return found

    def births(self) -> list[float]:
        """Monotonic times of Home Assistant's birth messages."""
        return [heard.at for heard in self.witness.of(BIRTH) if heard.payload == b"online"]

    def wait_right(self, back: Callable[[], Collection[str]]) -> dict[str, float]:
        """Monotonic time at which each agent's entities were first all right.

        Args:
            back: agents that can be right at all.
        """
        right: dict[str, float] = {}
        until = time.monotonic() + PATIENCE
        while len(right) < len(self.fleet.running):
            known = {name for name in back() if self.fleet.topics(name).health in self.witness.said}
            bad = self.wrong()
            now = time.monotonic()
            ill = {identity.split("__")[1] for identity in bad}
            right |= dict.fromkeys(known - ill - right.keys(), now)
            if now > until:
                raise AssertionError(f"{len(bad)} entities still wrong: {list(bad.items())[:9]}")
            time.sleep(0.2)
        return right


def measured(rig: Rig, phase: Phase) -> dict[str, Any]:
    """One phase: what happened when, and what it cost until `SETTLED` after it."""
    before, births = rig.costs(), len(rig.births())
    since = phase.act()
    wall = time.time() - (time.monotonic() - since)
    row: dict[str, Any] = {}

    def back() -> Collection[str]:
        return rig.fleet.connected(wall) if phase.agents else rig.fleet.running

    right = rig.wait_right(back)
    if phase.agents:
        connected = {n: when - wall for n, when in rig.fleet.connected(wall).items()}
        row["connected"] = spread(connected.values())
        if not phase.birth:  # Home Assistant is there: who is right, and how long after connecting?
            row["own"] = spread(right[name] - since - when for name, when in connected.items())
    if rig.home_assistant is not None:
        row["right"] = spread(when - since for when in right.values())
    if rig.home_assistant is not None and phase.birth:
        wait_until("HA's birth", lambda: len(rig.births()) > births, PATIENCE, every=0.1)
        born = rig.births()[births]
        row["birth"] = round(born - since, 2)
        time.sleep(max(0.0, born + SETTLED - time.monotonic()))
        again = rig.wait_right(back)
        row["after birth"] = round(max(again.values()) - born - SETTLED, 2)
    return row | rig.costs().since(before)


def commands(rig: Rig, value: int) -> dict[str, float]:
    """Seconds until each agent's new threshold is said, all commanded at once."""
    begin = {}
    for name in rig.fleet.running:
        topic = rig.fleet.setting(name, "pixel_threshold")
        begin[topic] = time.monotonic()
        rig.witness.say(topic.replace("/state", "/set"), str(value))
    payload = str(value).encode()
    wait_until("all obey", lambda: all(rig.witness.said.get(t) == payload for t in begin), 30)
    heard = {t: next(h.at for h in rig.witness.of(t) if h.payload == payload) for t in begin}
    return spread(heard[topic] - begin[topic] for topic in begin)


def phases(rig: Rig) -> dict[str, dict[str, Any]]:
    """Everything, in order; prints each row when it is there."""

    def start() -> float:
        now = time.monotonic()
        rig.fleet.start()
        return now

    def restart_broker(pause: float) -> float:
        rig.broker.kill()
        time.sleep(pause)
        rig.broker.start()
        return time.monotonic()

    def restart_agents() -> float:
        rig.fleet.stop()
        return start()

    def restart_home_assistant() -> float:
        now = time.monotonic()
        if rig.home_assistant is not None:
            rig.home_assistant.restart()
        return now

    def shout() -> float:
        rig.witness.say(rig.fleet.setting("a01", "publish_scores").replace("state", "set"), "ON")
        return time.monotonic()

    plan = [
        Phase("all agents start at once", start, agents=True),
        Phase("broker killed and started", lambda: restart_broker(0.0), agents=True, birth=True),
        Phase("broker away for 20 s", lambda: restart_broker(20.0), agents=True, birth=True),
        Phase("all agents restart at once", restart_agents, agents=True),
        Phase("one agent says 30 scores a second", shout),
    ]
    if rig.home_assistant is not None:
        plan.insert(3, Phase("Home Assistant restarts", restart_home_assistant, birth=True))
    rows = {}
    for number, phase in enumerate(plan):
        row = measured(rig, phase)
        row["command"] = commands(rig, 100 + number)
        rows[phase.what] = row
        print(phase.what, row, file=sys.stderr, flush=True)
    return rows


def idle(rig: Rig, seconds: float) -> dict[str, float]:
    """Costs of one second in which nothing happens."""
    before = rig.costs()
    time.sleep(seconds)
    return {name: cost / seconds for name, cost in rig.costs().since(before).items()}


def memory(pid: int) -> float:
    """MiB of a process that it shares with nobody, and its part of what it shares."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def shown(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """The table of docs/explanation/scale.md."""
    columns = ("connected", "birth", "right", "own", "command")
    costs = ("messages", "MB", "CPU broker", "CPU HA", "CPU agents")
    head = ["phase", *columns, *costs]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for what, row in rows.items():
        cells = [_cell(row.get(name, "")) for name in (*columns, *costs)]
        lines.append(f"| {' | '.join([what, *cells])} |")
    return "\n".join(lines)


def _cell(value: object) -> str:
    if isinstance(value, Mapping):
        return " / ".join(f"{number:.2f}" for number in value.values())
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def versions(home_assistant: HomeAssistant | None) -> str:
    """What ran, and where."""
    broker = subprocess.run([mosquitto(), "-h"], capture_output=True, text=True, check=False)
    parts = [f"Python {platform.python_version()}", broker.stdout.splitlines()[0]]
    if home_assistant is not None:
        parts.append(f"Home Assistant {home_assistant.api('GET', '/api/config')['version']}")
    return ", ".join([*parts, f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"])


def missed(row: Mapping[str, Any]) -> bool:
    """Whether a goal is missed: right after the birth message, or after the own connection."""
    if "birth" in row:
        back = row.get("connected", {}).get("last", 0.0)
        settled = row["after birth"] + SETTLED
        return bool(
            max(row["right"]["last"] - row["birth"], settled) > RIGHT_WITHIN or back > BACK_WITHIN
        )
    return bool(row.get("own", {}).get("last", 0.0) > RIGHT_WITHIN)


def report(rig: Rig, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Prints what docs/explanation/scale.md shows."""
    agents, home_assistant = rig.fleet.running.values(), rig.home_assistant
    quiet = ", ".join(f"{name} {cost:.3g}" for name, cost in idle(rig, 30.0).items())
    own = [memory(process.pid) for process in agents]
    store = [memory(child) for process in agents for child in children(process.pid)]
    full = re.findall(r".*messages are being dropped.*", rig.broker.log)
    print(f"{len(agents)} agents, {len(rig.names)} entities; {versions(home_assistant)}\n")
    print(shown(rows))
    print(f"\nEach second of the last phase: {quiet}")
    print(f"Agent: {min(own):.0f} to {max(own):.0f} MiB (PSS), its store child {max(store):.0f}")
    print(f"Broker: {memory(rig.broker.pid):.1f} MiB; queues that were full: {full or 'none'}")
    if home_assistant is not None:
        print(f"Home Assistant: {memory(home_assistant.meta['pid']):.0f} MiB; its warnings:")
        print("\n".join(home_assistant.errors()[:20]) or "none")


def main() -> int:
    """Runs all phases; exit 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--agents", type=int, default=50)
    parser.add_argument("--home-assistant", action="store_true")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fleet-")))
        broker = Broker(folder, ("allow_anonymous true", "max_queued_messages 1000")).start()
        stack.callback(broker.kill)
        home_assistant = make(folder / "ha", broker.port) if options.home_assistant else None
        if home_assistant is not None:
            stack.callback(home_assistant.stop)
            home_assistant.start()
        fleet = stack.enter_context(Fleet(folder, broker.port, options.agents))
        loud = fleet.houses["a01"].config["cameras"]["a01_1"]
        loud["source"] = loud["source"].replace("fps=1", "fps=30")
        loud["analysis_fps"] = 30
        witness = stack.enter_context(Witness(broker.port))
        rig = Rig(broker, fleet, witness, home_assistant)
        rows = phases(rig)
        report(rig, rows)
    late = [what for what, row in rows.items() if missed(row)]
    print(f"goals {'MISSED: ' + ', '.join(late) if late else 'met'}")
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
