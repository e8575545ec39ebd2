"""The beeper with the real library and a real child process, heard through ALSA's file device."""

from __future__ import annotations

import logging
import os
import signal
import struct
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.audio import beeper as beeper_module
from agent.audio.beeper import BeeperWorker
from agent.audio.link import Speaker
from agent.audio.options import BeepOptions, tones_box
from agent.audio.tones import built_in_tone
from agent.core.messages import AudioState, BeepDone
from agent.core.orders import Beep
from agent.runtime.clock import SystemClock
from agent.runtime.worker import Worker
from tests.support.alsa import SoundCard, need_portaudio, without_silence
from tests.support.waiting import PATIENCE, gone, wait_until


class ShiftedClock(SystemClock):
    """The machine's clock, with a part of the waiting skipped."""

    skipped = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.skipped


class House:
    """A running beeper and what it told the engine."""

    def __init__(self) -> None:
        self.clock = ShiftedClock()
        self.states: list[AudioState] = []
        self._done: list[BeepDone] = []
        self._tones = tones_box()
        self.beeper: BeeperWorker
        self.worker: Worker
        self._fatal: list[BaseException] = []

    def start(self, options: BeepOptions | None = None) -> str:
        """Starts it; the first state's code."""
        options = options or BeepOptions()
        self.beeper = BeeperWorker(options, self._tones, self._hear, self.clock)
        self.worker = Worker("beeper", self.beeper.run, self.clock, self._die)
        self.worker.start()
        wait_until("a first audio state", lambda: self.states)
        return self.states[0].code

    def ask(self) -> None:
        self._tones.put(Beep(request="r1"))

    def answer(self) -> BeepDone:
        wait_until("an answer to the beep", lambda: self._done)
        return self._done.pop()

    def beep(self) -> BeepDone:
        self.ask()
        return self.answer()

    def child(self) -> int:
        """The sound process's id."""
        process = wait_until("a sound process", lambda: self.beeper._process)
        assert isinstance(process, Speaker)
        return process.pid

    def stop(self) -> None:
        """Stops it."""
        self.worker.halt()
        assert self.worker.join(PATIENCE), "the beeper did not stop"
        assert not self._fatal
        assert self.worker.restarts == 0

    @property
    def codes(self) -> list[str]:
        return [state.code for state in self.states]

    def _hear(self, message: object) -> None:
        if isinstance(message, AudioState):
            self.states.append(message)
        elif isinstance(message, BeepDone):
            self._done.append(message)

    def _die(self, _name: str, error: BaseException) -> None:
        self._fatal.append(error)


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoundCard:
    need_portaudio()
    return SoundCard(tmp_path, monkeypatch)


@pytest.fixture
def house() -> Iterator[House]:
    house = House()
    yield house
    if not house.worker.stop.is_set():
        house.stop()


def has_child(pid: int) -> bool:
    """True while the process has a child itself: here what stands behind the stalled device."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return any(children.read_text().strip() for children in lists)


def customise(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Code that Python runs at the start of the sound process."""
    (folder / "sitecustomize.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(folder))


def test_every_beep_is_heard_sample_by_sample(house: House, card: SoundCard) -> None:
    card.plug_in()
    assert house.start() == "ok"
    child = house.child()
    assert house.beep().ok
    assert house.beep().ok
    assert house.child() == child
    assert card.heard() == [without_silence(built_in_tone())] * 2
    assert house.codes == ["ok"]


def test_the_operators_sound_is_heard_as_it_is(
    house: House, card: SoundCard, tmp_path: Path
) -> None:
    card.plug_in()
    samples = struct.pack("<8820h", *(((at * 37) % 20_000) - 10_000 or 1 for at in range(8820)))
    path = tmp_path / "bark.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 44_100, 4_410, "NONE", ""))
        file.writeframes(samples)
    house.start(BeepOptions(sound=path))
    assert house.beep().ok
    heard = card.heard()[0]
    assert (heard.rate, heard.channels) == (44_100, 2)
    assert heard.samples == samples


def test_the_longest_sound_which_no_pipe_holds_at_once_is_heard_whole(
    house: House, card: SoundCard, tmp_path: Path
) -> None:
    card.plug_in()
    samples = b"".join(struct.pack("<h", at % 9_999 + 1) for at in range(480_000)) * 2
    path = tmp_path / "siren.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 48_000, 480_000, "NONE", ""))
        file.writeframes(samples)
    house.start(BeepOptions(sound=path))
    assert house.beep().ok
    assert card.heard()[0].samples == samples


def test_a_device_is_found_by_a_part_of_its_name(house: House, card: SoundCard) -> None:
    card.plug_in("porch_speaker")
    house.start(BeepOptions(device="PORCH"))
    assert house.beep().ok
    assert not card.heard()
    assert card.heard("porch_speaker") == [without_silence(built_in_tone())]


def test_an_unknown_name_is_answered_with_the_names_there_are(
    house: House, card: SoundCard
) -> None:
    card.plug_in("porch_speaker")
    assert house.start(BeepOptions(device="kitchen")) == "no_device"
    assert "'kitchen'" in house.states[0].reason
    assert "porch_speaker" in house.states[0].reason


def test_a_card_that_is_plugged_in_later_sounds_with_a_beep_a_minute_later(
    house: House, card: SoundCard
) -> None:
    assert house.start() == "no_device"
    assert not house.beep().ok
    card.plug_in()
    assert "no sound output" in house.beep().message
    house.clock.skipped += 60
    assert house.beep().ok
    assert house.codes == ["no_device", "ok"]
    assert len(card.heard()) == 1


def hanging(house: House, card: SoundCard) -> int:
    """Asks for a beep that never ends; the sound process."""
    card.stall()
    house.start()
    child = house.child()
    house.ask()
    wait_until("the sound process opened the device", lambda: has_child(child))
    return child


def test_a_hanging_device_is_killed_and_the_next_beep_sounds(house: House, card: SoundCard) -> None:
    card.stall()
    assert house.start() == "ok"
    child = house.child()
    answer = house.beep()
    assert not answer.ok
    assert "hangs" in answer.message
    assert house.codes == ["ok", "stalled"]
    assert gone(child)
    card.plug_in()
    house.clock.skipped += 1
    assert house.beep().ok
    assert house.codes == ["ok", "stalled", "ok"]


def test_stopping_waits_for_no_device_that_hangs(
    house: House, card: SoundCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beeper_module, "PLAY_GRACE", 600.0)
    child = hanging(house, card)
    house.stop()
    assert gone(child)
    assert house.answer().message == "the agent is stopping"


def test_a_process_killed_while_it_plays_is_said_and_replaced(
    house: House, card: SoundCard
) -> None:
    child = hanging(house, card)
    os.kill(child, signal.SIGKILL)
    assert house.answer().message == "the sound process was ended by signal 9"
    card.plug_in()
    house.clock.skipped += 1
    assert house.beep().ok
    assert house.codes == ["ok", "failed", "ok"]


def test_a_process_that_was_killed_while_nobody_looked_costs_no_beep(
    house: House, card: SoundCard
) -> None:
    card.plug_in()
    house.start()
    assert house.beep().ok
    child = house.child()
    os.kill(child, signal.SIGKILL)
    wait_until("its end", lambda: Path(f"/proc/{child}/stat").read_text().split()[2] == "Z")
    assert house.beep().ok


def test_a_library_that_aborts_takes_only_its_own_process_along(
    house: House, card: SoundCard
) -> None:
    card.break_configuration()
    assert house.start() == "failed"
    assert "ended by signal 6" in house.states[0].reason
    assert not house.beep().ok


def test_a_missing_library_is_named_with_its_package(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on a machine without libportaudio2: the loader finds no file of that name.
    customise(
        tmp_path,
        monkeypatch,
        "import ctypes.util\n"
        "real = ctypes.util.find_library\n"
        "ctypes.util.find_library = lambda name: None if 'portaudio' in name else real(name)\n",
    )
    assert house.start() == "no_library"
    assert "PortAudio library not found" in house.states[0].reason
    assert "libportaudio2" in house.states[0].reason
    assert "PortAudio library not found" in house.beep().message


def test_what_the_library_prints_goes_to_the_debug_log_and_has_an_end(
    house: House,
    card: SoundCard,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    card.plug_in()
    customise(
        tmp_path,
        monkeypatch,
        "import os\n"
        "for at in range(2000):\n"
        "    os.write(2, b'ALSA lib says %d %s\\n' % (at, b'x' * 999))\n",
    )
    assert house.start() == "ok"
    assert house.beep().ok
    noise = [record for record in caplog.records if "ALSA lib says" in record.getMessage()]
    assert len(noise) == 100
    assert {record.levelno for record in noise} == {logging.DEBUG}
    assert max(len(record.getMessage()) for record in noise) < 300


def test_a_process_that_prints_rubbish_instead_of_answers_is_a_failure(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    customise(tmp_path, monkeypatch, "import os\nos.write(1, b'x' * 9999)\n")
    assert house.start() == "failed"
    assert "does not speak our language" in house.states[0].reason


def test_the_sound_process_ends_with_the_agent_even_when_that_is_killed(card: SoundCard) -> None:
    card.plug_in()
    program = (
        "from agent.audio.link import Speaker\n"
        "speaker = Speaker(None)\n"
        "while not speaker.poll(0.1): pass\n"
        "print(speaker.pid, flush=True)\n"
        "while True: speaker.poll(1.0)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as agent:
        assert agent.stdout
        child = int(agent.stdout.readline())
        assert not gone(child)
        agent.kill()
    wait_until("the sound process ended", lambda: gone(child))


def test_the_sound_process_loads_neither_numpy_nor_the_rest_of_the_agent(card: SoundCard) -> None:
    card.plug_in()
    program = "import agent.audio.child, sounddevice, sys; print(*sys.modules)"
    command = [sys.executable, "-c", program]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    heavy = {"numpy", "cv2", "pydantic", "av", "agent.core", "agent.runtime"}
    assert not heavy & set(loaded.stdout.split())
