"""What the beeper does with sounds that it is asked to play; processes and time are fakes."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable, Iterator

import pytest

from agent.audio.beeper import BeeperWorker
from agent.audio.download import FETCH_SECONDS
from agent.audio.link import Answer
from agent.audio.options import BeepOptions, tones_box
from agent.audio.tones import Tone, built_in_tone
from agent.core.messages import AudioState, BeepDone
from agent.core.orders import Beep, Play, SpeakerOrder, StopBeep, StopPlay
from agent.core.owner_answers import SoundDone
from agent.runtime.worker import Worker
from tests.support.clock import FakeClock

READY, PLAYED = Answer("ok", "default, ALSA"), Answer("ok", "played")
BROKEN = Answer("failed", "Invalid sample rate")
URL = "http://homeassistant.local:8123/hello.wav"
Said = AudioState | BeepDone | SoundDone


def wav(seconds: float = 0.5, rate: int = 8_000) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, rate, 0, "NONE", ""))
        writer.writeframes(b"\1\2" * round(seconds * rate))
    return file.getvalue()


class FakeProcess:
    """A sound process that takes as long as its sounds last, or answers what it is told to."""

    def __init__(self, clock: FakeClock, answers: Iterator[Answer | None]) -> None:
        self.played: list[Tone] = []
        self.closed = False
        self.dead: Answer | None = None
        self.on_step: Callable[[float], object] = lambda _sounded: None
        self._clock, self._answers = clock, answers
        self._next: Answer | None = READY
        self._until = self._since = clock.monotonic()

    def play(self, tone: Tone) -> None:
        self.played.append(tone)
        self._since = self._clock.monotonic()
        self._next = next(self._answers, PLAYED)
        self._until = self._since + tone.seconds

    def poll(self, timeout: float) -> Answer | None:
        if timeout == 0.0:
            return self.dead
        if self._next is not None and self._clock.monotonic() >= self._until - 1e-6:
            return self._next
        self._clock.advance(timeout)
        self.on_step(self._clock.monotonic() - self._since)
        return None

    def close(self) -> None:
        self.closed = True


class FakeDownload:
    def __init__(self, clock: FakeClock, brings: bytes | Answer | None) -> None:
        self.closed = False
        self._clock, self._brings = clock, brings

    def poll(self, timeout: float) -> bytes | Answer | None:
        if self._brings is None:
            self._clock.advance(timeout)
        return self._brings

    def close(self) -> None:
        self.closed = True


class House:
    """A beeper that stops when its last order is answered."""

    def __init__(self, *answers: Answer | None, brings: bytes | Answer | None = None) -> None:
        self.clock = FakeClock()
        self.said: list[Said] = []
        self.processes: list[FakeProcess] = []
        self.downloads: list[FakeDownload] = []
        self.asked: list[tuple[str, tuple[str, ...] | None]] = []
        self.on_step: Callable[[float], object] = lambda _sounded: None
        self.box = tones_box()
        self._answers, self._brings = iter(answers), brings
        options = BeepOptions(volume=1.0, play_from=("homeassistant.local",))
        self.beeper = BeeperWorker(
            options, self.box, self._hear, self.clock, start=self._start, fetch=self._fetch
        )
        self.worker = Worker("beeper", self.beeper.run, self.clock, lambda _name, _error: None)
        self._left = 0

    def give(self, *orders: SpeakerOrder, more: int = 0) -> None:
        """Gives these orders and serves them, and so many more that come meanwhile."""
        self._left = len(orders) + more
        for order in orders:
            self.box.put(order)
        self.beeper.run(self.worker)

    def done(self) -> list[tuple[str | None, str | None, float | None, bool]]:
        sounds = [each for each in self.said if isinstance(each, SoundDone)]
        return [
            (s.request, s.code, None if s.seconds is None else round(s.seconds, 1), s.silenced)
            for s in sounds
        ]

    def beeps(self) -> list[bool]:
        return [each.ok for each in self.said if isinstance(each, BeepDone)]

    def states(self) -> list[str]:
        return [each.code for each in self.said if isinstance(each, AudioState)]

    def _start(self, _device: str | None) -> FakeProcess:
        process = FakeProcess(self.clock, self._answers)
        process.on_step = self.on_step
        self.processes.append(process)
        return process

    def _fetch(self, url: str, play_from: tuple[str, ...] | None) -> FakeDownload:
        self.asked.append((url, play_from))
        self.downloads.append(FakeDownload(self.clock, self._brings))
        return self.downloads[-1]

    def _hear(self, message: object) -> None:
        assert isinstance(message, Said)
        self.said.append(message)
        if not isinstance(message, AudioState):
            self._left -= 1
            if not self._left:
                self.worker.stop.set()


def at(seconds: float, *orders: SpeakerOrder, house: House) -> None:
    """Gives orders when a sound has sounded so long."""
    waiting = list(orders)

    def step(sounded: float) -> None:
        if sounded >= seconds:
            while waiting:
                house.box.put(waiting.pop(0))

    house.on_step = step


def test_a_sound_of_the_message_itself_is_played_and_counted_as_heard() -> None:
    house = House()
    house.give(Play("r1", wav=wav(2.0)))
    assert house.done() == [("r1", None, 2.0, False)]
    assert [tone.seconds for tone in house.processes[0].played] == [2.0]


def test_a_sound_is_fetched_with_the_operators_hosts_and_the_volume_asked_for() -> None:
    house = House(brings=wav(1.0))
    house.give(Play("r1", url=URL, volume=0.0))
    assert house.asked == [(URL, ("homeassistant.local",))]
    assert set(house.processes[0].played[0].samples) == {0}
    assert house.downloads[0].closed


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"RIFF and nothing else", "not a PCM WAV"),
        (b"ID3\4mp3", "not a PCM WAV"),
        (b"", "not a PCM WAV"),
        (wav(31.0), "31.0 s long"),
        (wav(1.0, rate=4_000), "4000 frames"),
    ],
)
def test_a_bad_sound_is_refused_with_its_reason_and_the_speaker_stays_ok(
    data: bytes, word: str
) -> None:
    house = House(brings=data)
    house.give(Play("r1", url=URL), Beep(None))
    assert house.done() == [("r1", "invalid_payload", None, False)]
    assert word in next(s.message for s in house.said if isinstance(s, SoundDone))
    assert (house.beeps(), house.states(), len(house.processes)) == ([True], ["ok"], 1)


def test_a_download_that_fails_or_hangs_is_given_up_and_the_alarm_still_sounds() -> None:
    for brings in (Answer("sound_unavailable", "nas answers 404"), None):
        house = House(brings=brings)
        began = house.clock.monotonic()
        house.give(Play("r1", url=URL), Beep(None))
        assert house.done() == [("r1", "sound_unavailable", None, False)]
        assert house.clock.monotonic() - began < FETCH_SECONDS + 1.0
        assert house.downloads[0].closed
        assert house.processes[0].played == [built_in_tone()]


def test_silence_ends_a_sound_at_once_and_the_next_process_is_ready() -> None:
    house = House()
    at(3.0, StopPlay("r2"), house=house)
    house.give(Play("r1", wav=wav(20.0)), more=1)
    assert house.done() == [("r2", None, None, True), ("r1", None, 3.0, True)]
    assert house.processes[0].closed
    assert len(house.processes) == 2


def test_silence_ends_a_download() -> None:
    house = House(brings=None)
    house.give(Play("r1", url=URL), StopPlay("r2"))
    assert house.done() == [("r2", None, None, True), ("r1", None, 0.0, True)]
    assert house.processes[0].played == []


def test_an_alarm_during_a_download_sounds_at_once() -> None:
    house = House(brings=None)
    house.give(Play("r1", url=URL), Beep(None))
    assert house.beeps() == [True]
    order = [type(each).__name__ for each in house.said if not isinstance(each, AudioState)]
    assert order == ["BeepDone", "SoundDone"]


@pytest.mark.parametrize("whose", ["door", None])
def test_a_beep_that_nobody_wants_any_more_ends(whose: str | None) -> None:
    house = House()
    at(0.2, StopBeep(whose), Play("r1", wav=wav()), house=house)
    house.give(Beep(None, "door"), more=1)
    assert house.beeps() == [True]
    assert house.done() == [("r1", None, 0.5, False)]  # what came behind it is heard
    assert len(house.processes) == 2


def test_only_the_beep_of_that_camera_ends_and_none_that_was_asked_for() -> None:
    for beep in (Beep(None, "yard"), Beep("r1")):
        house = House()
        at(0.2, StopBeep("door"), house=house)
        house.give(beep)
        assert house.beeps() == [True]
        assert len(house.processes) == 1


def test_a_beep_that_waits_for_the_end_of_a_sound_does_not_begin_any_more() -> None:
    house = House()
    at(1.0, Beep(None, "door"), Beep(None, "yard"), StopBeep("door"), house=house)
    house.give(Play("r1", wav=wav(4.0)), more=1)
    assert house.beeps() == [True]
    assert [tone.seconds for tone in house.processes[0].played] == [4.0, 0.4]


def test_a_beep_that_waits_behind_a_beep_does_not_begin_any_more() -> None:
    house = House()
    at(1.0, Beep(None, "yard"), Beep(None, "door"), house=house)
    later: list[SpeakerOrder] = [StopBeep("door"), StopPlay("r2")]
    first = house.on_step

    def step(sounded: float) -> None:
        first(sounded)
        while later and len(house.processes[0].played) == 2:  # the beep of the yard
            house.box.put(later.pop(0))

    house.on_step = step
    house.give(Play("r1", wav=wav(4.0)), more=2)
    assert house.beeps() == [True]
    assert [tone.seconds for tone in house.processes[0].played] == [4.0, 0.4]


def test_many_cameras_that_want_no_beep_any_more_leave_the_one_that_sounds_heard() -> None:
    house = House()
    at(0.2, *[StopBeep(f"camera_{n}") for n in range(100)], StopBeep("door"), house=house)
    house.give(Beep(None, "door"))
    assert house.beeps() == [True]
    assert len(house.processes) == 2


def test_what_comes_while_a_beep_sounds_during_a_download_still_ends_the_download() -> None:
    house = House(brings=None)
    at(0.2, StopPlay("r2"), house=house)
    house.give(Play("r1", url=URL), Beep(None, "door"), more=1)
    assert house.beeps() == [True]
    assert house.done() == [("r2", None, None, True), ("r1", None, 0.0, True)]


def test_to_calm_who_is_calm_does_nothing() -> None:
    house = House()
    house.box.put(StopBeep())
    house.give(Beep("r1"))
    assert house.beeps() == [True]


def test_silence_with_nothing_to_end_says_so() -> None:
    house = House()
    house.give(StopPlay("r1"))
    assert house.done() == [("r1", None, None, False)]


def test_an_alarm_during_a_sound_follows_it_and_everything_else_is_busy() -> None:
    house = House()
    at(1.0, Play("r2", wav=wav()), Beep("r3"), Beep(None), Beep(None), house=house)
    house.give(Play("r1", wav=wav(4.0)), more=3)
    assert house.done() == [("r2", "busy", None, False), ("r1", None, 4.0, False)]
    assert house.beeps() == [False, True]
    assert [tone.seconds for tone in house.processes[0].played] == [4.0, 0.4]


def test_a_rate_that_the_device_does_not_know_is_the_sounds_fault_not_the_speakers() -> None:
    house = House(BROKEN)
    house.give(Play("r1", wav=wav()), Beep(None))
    assert house.done() == [("r1", "audio_failed", None, False)]
    assert "try 48000" in next(s.message for s in house.said if isinstance(s, SoundDone))
    assert (house.beeps(), house.states(), len(house.processes)) == ([True], ["ok"], 1)


def test_a_sound_that_ends_its_process_does_not_keep_the_next_alarm_waiting() -> None:
    house = House(BROKEN)

    def die(_sounded: float) -> None:
        house.processes[0].dead = BROKEN

    house.on_step = die
    house.give(Play("r1", wav=wav()), Beep(None))
    assert (house.beeps(), house.states(), len(house.processes)) == ([True], ["ok"], 2)


def test_a_device_that_hangs_is_the_speakers_fault() -> None:
    house = House(None)
    house.give(Play("r1", wav=wav(1.0)))
    assert house.done() == [("r1", "audio_failed", None, False)]
    assert house.states() == ["ok", "stalled"]
    assert house.processes[0].closed


def test_switched_off_it_plays_nothing() -> None:
    house = House()
    off = BeeperWorker(BeepOptions(enabled=False), house.box, house._hear, house.clock)
    house.beeper = off
    house.worker = Worker("beeper", off.run, house.clock, lambda _name, _error: None)
    house.give(Play("r1", wav=wav()))
    assert house.done() == [("r1", "audio_failed", None, False)]
