"""What an owner and other agents do to the store that is recorded into."""

from __future__ import annotations

import copy
import os
import shutil
import signal
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from agent.core.store_names import MANIFEST
from tests.resilience.camera import Camera
from tests.resilience.fault import Fault
from tests.resilience.footprint import children
from tests.resilience.lab import Lab, udp_port
from tests.resilience.observation import Taken
from tests.support.agent_process import CAMERA, Process

#: For a day's folder with a film to be there, or another agent's recording, on a busy machine.
_THERE = 40.0
#: An orderly stop takes up to 8 s.
_STOP = 12.0
#: Other than ours: who deletes by it deletes what we have to keep.
_OLD, _RETENTION = timedelta(days=10), 30


def _today(lab: Lab) -> Path | None:
    """The newest day's folder in which something has been recorded."""
    days = sorted(lab.store.glob(f"{CAMERA}/????-??-??/events"))
    return days[-1].parent if days else None


class _Takes(Fault):
    """The owner moves something away, and does not bring it back."""

    hold = (1.0, 4.0)
    limit = 20.0
    once = "disk"

    def inject(self, lab: Lab) -> None:
        lab.wait(lambda: _today(lab) is not None, _THERE)
        day = _today(lab)
        assert day is not None, "nothing was recorded"
        # the same layout, and the same file system
        place = lab.folder / f"taken-{len(lab.taken)}"
        (place / CAMERA).mkdir(parents=True)
        lab.taken.append(Taken(time.monotonic(), place))
        self.take(day, place / CAMERA / day.name)

    def take(self, day: Path, to: Path) -> None:
        """Moves what it is about."""
        raise NotImplementedError

    def heal(self, lab: Lab) -> None:
        del lab


class DayMoved(_Takes):
    name = "owner: moves the day's folder away"

    def take(self, day: Path, to: Path) -> None:
        day.rename(to)


class EventsMoved(_Takes):
    name = "owner: moves the folder of events away"

    def take(self, day: Path, to: Path) -> None:
        to.mkdir()
        (day / "events").rename(to / "events")


class FilmMoved(_Takes):
    name = "owner: moves the day's film away"

    def take(self, day: Path, to: Path) -> None:
        to.mkdir()
        for film in day.glob(f"{day.name}*.mp4"):
            os.link(film, to / film.name)
            film.unlink()


class OtherAgent(Fault):
    """It has another id and another camera, and keeps its own recordings for a day only."""

    name = "store: another agent records into it"
    hold = (1.0, 3.0)
    limit = 20.0
    once = "disk"

    def prepare(self, lab: Lab) -> None:
        lab.config["store"]["retention_days"] = _RETENTION
        self._old = _old_day(lab)

    def inject(self, lab: Lab) -> None:
        _put_old_day(lab, self._old)
        folder = lab.folder / "other"
        folder.mkdir()
        camera = Camera(folder, udp_port(lab.setup.seed + 50), lab.setup.seed + 1)
        lab.at_end(camera.kill)
        camera.start()
        config = copy.deepcopy(lab.config)
        config["agent"] |= {"id": "other", "state_dir": str(folder / "state")}
        config["store"]["retention_days"] = 1
        source = {"source": f"hk://127.0.0.1:{camera.port}"}
        config["cameras"] = {"garden": {**lab.config["cameras"][CAMERA], **source}}
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        arguments = ("run", "--config", str(folder / "config.yaml"))
        self._other = Process(folder / "agent.log", *arguments, env=lab.env)
        lab.at_end(self._other.kill)
        self._clips = lab.store / "garden"

    def heal(self, lab: Lab) -> None:
        lab.wait(lambda: list(self._clips.glob("*/events/*.mp4")), _THERE)
        assert list(self._clips.glob("*/events/*.mp4")), self._other.log[-1000:]
        with suppress(ProcessLookupError):
            self._other.signal(signal.SIGTERM)
        lab.wait(lambda: self._other.exit_code is not None, _STOP)
        if not list(self._old.glob("*.mp4")):
            lab.findings.append("another agent deleted what this one has to keep")

    def clear_up(self, lab: Lab) -> None:
        del lab
        shutil.rmtree(self._old, ignore_errors=True)


def _old_day(lab: Lab) -> Path:
    """As the agent's clock will show it once it is set."""
    day = datetime.now(UTC) + timedelta(seconds=max(0.0, lab.setup.ahead)) - _OLD
    return lab.store / CAMERA / f"{day:%Y-%m-%d}"


def _put_old_day(lab: Lab, old: Path) -> None:
    """A film of ours of an earlier day: the newest one, under another date."""
    lab.wait(lambda: _today(lab) is not None, _THERE)
    day = _today(lab)
    assert day is not None, "nothing was recorded"
    old.mkdir()
    shutil.copy(day / f"{day.name}.mp4", old / f"{old.name}.mp4")


class Squatted(Fault):
    """An old day has a pipe or a link where its list of events should be; a purge comes by."""

    name = "store: a pipe or a link in the place of an old day's list of events"
    hold = (4.0, 8.0)
    limit = 20.0
    once = "disk"

    def prepare(self, lab: Lab) -> None:
        self._old = _old_day(lab)
        self._victim = lab.folder / "victim"
        self._victim.write_text("not yours\n")

    def inject(self, lab: Lab) -> None:
        _put_old_day(lab, self._old)
        if self.chance.random() < 0.5:
            os.mkfifo(self._old / MANIFEST)
        else:
            (self._old / MANIFEST).symlink_to(self._victim)
        for pid in children(lab.pid):  # the next one begins with a purge
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def heal(self, lab: Lab) -> None:
        """It stays there."""
        del lab

    def clear_up(self, lab: Lab) -> None:
        if self._victim.read_text() != "not yours\n":
            lab.strays.append("a link was followed")
        shutil.rmtree(self._old, ignore_errors=True)


ALL = (DayMoved, EventsMoved, FilmMoved, OtherAgent, Squatted)
