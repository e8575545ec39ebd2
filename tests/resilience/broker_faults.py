"""Faults of the broker, of the way to it, and of those who use it."""

from __future__ import annotations

import copy
import signal
import time

import yaml

from tests.resilience.fault import Fault
from tests.resilience.lab import AGENT_LOGIN, WATCH_LOGIN, Lab
from tests.resilience.observation import Interval
from tests.support.agent_process import CAMERA, YARD, Process
from tests.support.broker import free_port


class BrokerKilled(Fault):
    name = "broker: killed, back without memory"
    once = "broker"

    def inject(self, lab: Lab) -> None:
        lab.broker.kill()

    def heal(self, lab: Lab) -> None:
        lab.broker.start()
        lab.forgot.append(time.monotonic())


class BrokerFrozen(Fault):
    name = "broker: frozen"
    hold = (1.0, 9.0)  # the agent's keepalive is 5 s here
    limit = 14.0
    once = "broker"

    def inject(self, lab: Lab) -> None:
        lab.broker.signal(signal.SIGSTOP)

    def heal(self, lab: Lab) -> None:
        lab.broker.signal(signal.SIGCONT)


class LinkCut(Fault):
    name = "network: connection cut, broker unreachable"
    once = "link"

    def inject(self, lab: Lab) -> None:
        lab.link.refusing = True
        lab.link.cut()

    def heal(self, lab: Lab) -> None:
        lab.link.refusing = False


class LinkHalfOpen(Fault):
    name = "network: half open"
    hold = (1.0, 10.0)
    limit = 14.0
    once = "link"

    def inject(self, lab: Lab) -> None:
        lab.link.stalled = True

    def heal(self, lab: Lab) -> None:
        lab.link.stalled = False


class LinkSlow(Fault):
    name = "network: 5 to 50 kB/s"
    hold = (2.0, 6.0)
    limit = 20.0
    once = "link"

    def inject(self, lab: Lab) -> None:
        lab.link.rate = self.chance.randint(5_000, 50_000)

    def heal(self, lab: Lab) -> None:
        lab.link.rate = None


class WrongPassword(Fault):
    name = "broker: refuses the password for a while"
    limit = 40.0  # who is refused waits up to 30 s: only a person can help
    once = "broker"

    def inject(self, lab: Lab) -> None:
        lab.allow(WATCH_LOGIN)
        lab.broker.signal(signal.SIGHUP)
        lab.link.cut()

    def heal(self, lab: Lab) -> None:
        lab.allow(WATCH_LOGIN, AGENT_LOGIN)
        lab.broker.signal(signal.SIGHUP)


class HomeAssistantRestarts(Fault):
    name = "home assistant: restarts (its birth message)"
    hold = (0.5, 1.5)

    def inject(self, lab: Lab) -> None:
        lab.watch.tell("homeassistant/status", "offline")

    def heal(self, lab: Lab) -> None:
        lab.watch.tell("homeassistant/status", "online")


class Disarmed(Fault):
    name = "command: disarmed for a while"
    loses_frames = True

    def inject(self, lab: Lab) -> None:
        lab.watch.tell(YARD.setting_set("armed"), "OFF")

    def heal(self, lab: Lab) -> None:
        lab.watch.tell(YARD.setting_set("armed"), "ON")


class Twin(Fault):
    name = "agent: a second one with the same id"
    hold = (2.0, 4.0)
    limit = 45.0  # who is thrown out again and again waits longer
    leaves = "broker_taken_over"  # for ten minutes: somebody has to look into it
    once = "twin"

    def inject(self, lab: Lab) -> None:
        folder = lab.folder / "twin"
        (folder / "store").mkdir(parents=True)
        config = copy.deepcopy(lab.config)
        config["agent"]["state_dir"] = str(folder / "state")
        config["store"]["path"] = str(folder / "store")
        config["cameras"][CAMERA]["source"] = f"hk://127.0.0.1:{free_port()}"
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        arguments = ("run", "--config", str(folder / "config.yaml"))
        self._begun = time.monotonic()
        self._twin = Process(folder / "twin.log", *arguments, env=lab.env)

    def heal(self, lab: Lab) -> None:
        self._twin.kill()
        lab.doubled.append(Interval(self._begun, time.monotonic()))


ALL = (
    BrokerKilled,
    BrokerFrozen,
    LinkCut,
    LinkHalfOpen,
    LinkSlow,
    WrongPassword,
    HomeAssistantRestarts,
    Disarmed,
    Twin,
)
