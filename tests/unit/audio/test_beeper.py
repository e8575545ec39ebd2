"""What the beeper does when a beep is asked for; the sound process is a fake, time too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.audio.beeper import BeeperWorker
from agent.audio.link import Answer
from agent.audio.options import BeepOptions, load_tone, tones_box
from agent.audio.tones import MAX_BYTES, Tone, built_in_tone
from agent.core.errors import ConfigError
from agent.core.messages import AudioState, BeepDone
from agent.core.orders import Beep
from agent.runtime.worker import Worker
from tests.support.clock import FakeClock

READY = Answer("ok", "default, ALSA")
PLAYED = Answer("ok", "played")
NO_DEVICE = Answer("no_device", "no sound output found")
BROKEN = Answer("failed", "Error opening stream")
NEVER = None


class FakeProcess:
    """A sound process that gives the scripted answers; None: it stays silent while time passes."""

    def __init__(
        self, clock: FakeClock, script: list[Answer | None], on_play: Callable[[], object]
    ) -> None:
        self.played: list[Tone] = []
        self.closed = False
        self.idle_answer: Answer | None = None
        self._clock = clock
        self._script = iter(script)
        self._on_play = on_play
        self._asked = True
        self._next: Answer | None = None

    def play(self, tone: Tone) -> None:
        assert not self.closed
        self.played.append(tone)
        self._asked = True
        self._on_play()

    def poll(self, timeout: float) -> Answer | None:
        assert not self.closed
        if timeout == 0.0:
            return self.idle_answer
        if self._asked:
            self._next, self._asked = next(self._script), False
        if self._next is None:
            self._clock.advance(timeout)
        return self._next

    def close(self) -> None:
        self.closed = True


class House:
    """A beeper whose engine asks for a beep, waits, asks again, and in the end stops it."""

    def __init__(self, *scripts: list[Answer | None], enabled: bool = True) -> None:
        self.clock = FakeClock()
        self.said: list[AudioState] = []
        self.done: list[BeepDone] = []
        self.processes: list[FakeProcess] = []
        self.before_beep: Callable[[int], None] = lambda _number: None
        self.on_play: Callable[[], object] = lambda: None
        self.start_error: OSError | None = None
        self._scripts = iter(scripts)
        self._pauses: Iterator[float] = iter(())
        self._tones = tones_box()
        self.beeper = BeeperWorker(
            BeepOptions(enabled=enabled), self._tones, self._hear, self.clock, start=self._start
        )
        self.worker = Worker("beeper", self.beeper.run, self.clock, lambda _name, _error: None)

    def beep(self, *pauses: float) -> list[bool]:
        """One beep after each pause of so many seconds; whether they sounded."""
        self._pauses = iter(pauses)
        self._ask()
        self.beeper.run(self.worker)
        return [done.ok for done in self.done]

    @property
    def codes(self) -> list[str]:
        return [state.code for state in self.said]

    def _start(self, device: str | None) -> FakeProcess:
        assert device is None
        if self.start_error:
            raise self.start_error
        self.processes.append(FakeProcess(self.clock, next(self._scripts), self.on_play))
        return self.processes[-1]

    def _hear(self, message: object) -> None:
        if isinstance(message, AudioState):
            self.said.append(message)
        elif isinstance(message, BeepDone):
            self.done.append(message)
            self._ask()

    def _ask(self) -> None:
        pause = next(self._pauses, None)
        if pause is None:
            self.worker.stop.set()
            return
        self.clock.advance(pause)
        self.before_beep(len(self.done))
        self._tones.put(Beep(request=f"r{len(self.done)}"))


def test_beeps_are_played_by_one_process_and_ok_is_said_once() -> None:
    house = House([READY, PLAYED, PLAYED, PLAYED])
    assert house.beep(0, 60, 60) == [True, True, True]
    assert [state.ok for state in house.said] == [True]
    assert house.said[0].reason == "default, ALSA"
    assert [done.request for done in house.done] == ["r0", "r1", "r2"]
    assert house.processes[0].played == [built_in_tone()] * 3


def test_the_process_is_gone_when_the_worker_stops() -> None:
    house = House([READY, PLAYED])
    house.beep(0)
    assert house.processes[0].closed


def test_a_missing_device_is_said_once_and_looked_for_again_a_minute_later() -> None:
    house = House([NO_DEVICE], [NO_DEVICE], [READY, PLAYED])
    assert house.beep(0, 59, 1, 59, 1) == [False, False, False, False, True]
    assert house.codes == ["no_device", "ok"]
    assert len(house.processes) == 3
    assert "next try in 1 s" in house.done[1].message
    assert all(process.closed for process in house.processes)


def test_a_hanging_device_is_given_the_sound_and_five_seconds_then_killed() -> None:
    house = House([READY, NEVER])
    began = house.clock.monotonic()
    assert house.beep(0) == [False]
    assert house.codes == ["ok", "stalled"]
    assert house.clock.monotonic() - began == pytest.approx(0.4 + 5.0)
    assert house.processes[0].closed


def test_after_failures_the_waits_grow_to_a_minute_and_a_success_forgets_them() -> None:
    fails: list[list[Answer | None]] = [[READY, BROKEN] for _ in range(8)]
    house = House(*fails, [READY, PLAYED, BROKEN], [READY, PLAYED])
    waits = [1, 2, 4, 8, 16, 32, 60, 60]
    assert house.beep(0, *waits, 0, 1) == [False] * 8 + [True, False, True]
    assert house.codes == ["ok", "failed", "ok", "failed", "ok"]


def test_a_beep_within_the_wait_starts_nothing() -> None:
    house = House([READY, BROKEN], [READY, BROKEN])
    assert house.beep(0, 0.5, 0.25) == [False] * 3
    assert len(house.processes) == 1
    assert house.done[1].message == "Error opening stream; next try in 0 s"


def test_a_library_that_does_not_load_is_killed_after_ten_seconds() -> None:
    house = House([NEVER])
    began = house.clock.monotonic()
    assert house.beep(0) == [False]
    assert house.codes == ["stalled"]
    assert house.clock.monotonic() - began == pytest.approx(10.0)


def test_a_process_that_dies_while_idle_is_replaced_with_the_next_beep() -> None:
    house = House([READY, PLAYED], [READY, PLAYED])

    def kill_it(number: int) -> None:
        if number == 1:
            house.processes[0].idle_answer = Answer("failed", "ended by signal 9")

    house.before_beep = kill_it
    assert house.beep(0, 0) == [True, True]
    assert house.codes == ["ok"]
    assert house.processes[0].closed


def test_a_system_that_cannot_start_processes_is_a_failure_like_another() -> None:
    house = House([READY, PLAYED])
    house.start_error = OSError(12, "Cannot allocate memory")

    def memory_is_back(number: int) -> None:
        house.start_error = None if number == 1 else house.start_error

    house.before_beep = memory_is_back
    assert house.beep(0, 1) == [False, True]
    assert house.codes == ["failed", "ok"]
    assert "Cannot allocate memory" in house.said[0].reason


def test_stopping_while_it_plays_answers_the_beep_and_says_no_failure() -> None:
    house = House([READY, NEVER])
    house.on_play = house.worker.stop.set
    assert house.beep(0) == [False]
    assert house.done[0].message == "the agent is stopping"
    assert house.codes == ["ok"]


def test_switched_off_it_starts_nothing_and_says_why() -> None:
    house = House(enabled=False)
    assert house.beep(0) == [False]
    assert house.codes == ["disabled"]
    assert house.done[0].message == "beep.enabled is false"
    assert not house.processes


def test_the_operators_sound_is_read_at_once_so_that_a_mistake_shows_at_the_start(
    tmp_path: Path,
) -> None:
    missing = BeepOptions(sound=tmp_path / "door.wav")
    with pytest.raises(ConfigError, match=r"beep\.sound: .*door\.wav: No such file"):
        load_tone(missing)
    with pytest.raises(ConfigError, match=r"beep\.sound"):
        BeeperWorker(missing, tones_box(), lambda _message: None, FakeClock())


def test_a_huge_file_is_refused_before_it_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "album.wav"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ConfigError, match="larger than 16 MiB"):
        load_tone(BeepOptions(sound=path))
