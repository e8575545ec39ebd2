"""Faults of the broker, of the way to it, and of those who use it."""

from __future__ import annotations

import copy
import signal
import time
from typing import ClassVar

import yaml

from agent.mqtt.ha_presence import FIRST_BIRTH
from tests.resilience.fault import Fault
from tests.resilience.lab import AGENT_LOGIN, WATCH_LOGIN, Lab
from tests.resilience.observation import Interval
from tests.support.agent_mqtt import Ear
from tests.support.agent_process import CAMERA, TOPICS, YARD, Process
from tests.support.broker import Broker, free_port
from tests.support.faulty_link import FaultyLink

#: For the agent to come back to the broker, where it can; its rest between attempts grows.
_BACK = 20.0
#: For a bridge whose broker may be away.
_BROUGHT = 20.0


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
        lab.home_assistant_says("offline")

    def heal(self, lab: Lab) -> None:
        began = max([lab.broker_began, *lab.forgot])
        # it never comes sooner: 16 s after the broker were measured, and the agent counts on 10
        lab.wait(lambda: time.monotonic() >= began + FIRST_BIRTH, FIRST_BIRTH)
        lab.home_assistant_says("online")


class HostReboots(BrokerKilled):
    """The machine of broker and Home Assistant: the birth comes last, seconds after the broker."""

    name = "home assistant: its machine reboots, with the broker"

    def inject(self, lab: Lab) -> None:
        lab.home_assistant_says("offline")
        super().inject(lab)

    def heal(self, lab: Lab) -> None:
        super().heal(lab)
        lab.wait(lambda: lab.watch.told_since(TOPICS.availability, lab.forgot[-1]), _BACK)
        lab.wait(lambda: False, self.chance.uniform(1.0, 4.0))
        lab.home_assistant_says("online")


class PasswordRotated(Fault):
    """The broker has the new one at once, the agent's file some seconds later."""

    name = "broker: the password is another one"
    limit = 40.0  # who is refused waits up to 30 s
    once = "broker"
    new: ClassVar = {**AGENT_LOGIN, "password": "another"}

    def prepare(self, lab: Lab) -> None:
        self._file = lab.folder / "password"
        self._file.write_text(f"{AGENT_LOGIN['password']}\n")
        del lab.config["mqtt"]["password"]
        lab.config["mqtt"]["password_file"] = str(self._file)

    def inject(self, lab: Lab) -> None:
        lab.allow(WATCH_LOGIN, self.new)
        lab.broker.signal(signal.SIGHUP)
        lab.link.cut()

    def heal(self, lab: Lab) -> None:
        del lab
        self._file.write_text(f"{self.new['password']}\n")


class PacketLimit(Fault):
    """The broker cuts who sends a picture, and MQTT 3.1.1 has no word for why. It stays so."""

    name = "broker: cuts off large packets without a word"
    limit = 40.0
    leaves = "broker_packet_too_large"
    once = "broker"

    def prepare(self, lab: Lab) -> None:
        lab.config["mqtt"]["protocol"] = "3.1.1"

    def inject(self, lab: Lab) -> None:
        lab.broker.kill()
        lab.broker.add(f"max_packet_size {self.chance.randint(16_000, 26_000)}")
        lab.broker.start()
        lab.forgot.append(time.monotonic())

    def heal(self, lab: Lab) -> None:
        """The agent has to live with it."""

    def clear_up(self, lab: Lab) -> None:
        lab.figures["cut_by_the_broker"] = float(lab.broker.log.count("oversize"))


class OldCommand(Fault):
    """Another broker has kept an OFF of long ago, and brings it whenever its bridge connects."""

    name = "command: an old one over a bridge"
    leaves = "retained_command"  # the last error there was
    once = "armed"

    def prepare(self, lab: Lab) -> None:
        self._way = lab.enter(FaultyLink(lab.broker.port))
        self._way.refusing = True
        folder = lab.folder / "far"
        folder.mkdir()
        bridge = [
            "connection home",
            f"address 127.0.0.1:{self._way.port}",
            "topic surveillance/+/+/+/set out 1",
            "restart_timeout 1",
            "cleansession true",
            "remote_username {username}".format(**WATCH_LOGIN),
            "remote_password {password}".format(**WATCH_LOGIN),
        ]
        far = Broker(folder, ["allow_anonymous true", *bridge]).start()
        lab.at_end(far.kill)
        with Ear(far.port, "surveillance/#") as ear:
            ear.say(YARD.setting_set("armed"), "OFF", retain=True)

    def inject(self, lab: Lab) -> None:
        del lab
        self._way.refusing = False

    def heal(self, lab: Lab) -> None:
        """It comes with the next connection, too."""
        brought = lab.wait(lambda: "OFF" in self._said(lab), _BROUGHT)
        assert brought is not None, "the bridge did not bring the command"
        self._way.cut()

    def _said(self, lab: Lab) -> list[str]:
        return [heard.payload.decode() for heard in lab.watch.of(YARD.setting_set("armed"))]


class Disarmed(Fault):
    name = "command: disarmed for a while"
    loses_frames = True
    once = "armed"

    def inject(self, lab: Lab) -> None:
        lab.disarmings.append(time.monotonic())
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
    HostReboots,
    PasswordRotated,
    PacketLimit,
    OldCommand,
    Disarmed,
    Twin,
)
