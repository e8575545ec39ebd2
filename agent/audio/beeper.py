"""The owner thread of the speaker: plays a sound for each `Beep`, and says what hinders it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from agent.audio.speaker import Answer, Speaker
from agent.audio.tones import MAX_BYTES, Tone, built_in_tone, tone_from_wav
from agent.core.errors import ConfigError
from agent.core.inbox import FromSpeaker
from agent.core.messages import AudioState, BeepDone
from agent.core.orders import Beep
from agent.runtime.clock import Clock
from agent.runtime.mailbox import Mailbox
from agent.runtime.worker import Worker

log = logging.getLogger(__name__)

LOAD_SECONDS = 10.0  # for a new sound process; loading takes 0.1 to 0.8 s, on a loaded Pi some more
PLAY_GRACE = 5.0  # seconds on top of the sound's length: opening a device may take some
#: Seconds before another beep looks again for a library or a device: a card may have been plugged
#: in, but each look prints and costs a process.
ABSENT_WAIT = 60.0
#: Seconds before another beep tries again after a failure; doubled each time, at most ABSENT_WAIT.
FIRST_WAIT = 1.0

_STEP = 0.25  # seconds; how long anything here waits without looking at `stop`
_IDLE = 5.0  # seconds; a beep ends it at once, and so does a stop
_OK, _STALLED, _STOPPING = "ok", "stalled", "stopping"
_ABSENT = frozenset({"no_library", "no_device"})


@dataclass(frozen=True, slots=True)
class BeepOptions:
    """The operator's part: `sound` None is the built-in tone, `device` None the default one."""

    enabled: bool = True
    sound: Path | None = None
    device: str | None = None  # a device's name or a part of it
    volume: float = 1.0  # 0..1


class SoundProcess(Protocol):
    """What the beeper needs of a `Speaker`."""

    def play(self, tone: Tone) -> None:
        """Asks for a sound."""

    def poll(self, timeout: float) -> Answer | None:
        """The answer, or None after at most `timeout` seconds."""

    def close(self) -> None:
        """Kills it."""


def load_tone(options: BeepOptions) -> Tone:
    """The sound to play; ConfigError, naming the file, when it cannot be used."""
    if options.sound is None:
        return built_in_tone(options.volume)
    try:
        with options.sound.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"beep.sound: {options.sound}: {error.strerror}; give the path of a WAV file or leave "
            "the key out for the built-in tone"
        ) from error
    if len(data) > MAX_BYTES:
        raise ConfigError(f"beep.sound: {options.sound}: larger than {MAX_BYTES >> 20} MiB")
    return tone_from_wav(data, str(options.sound), options.volume)


class BeeperWorker:
    """Body of the `beeper` thread. Keeps one sound process, plays one sound at a time.

    The process is started at once, so that health knows early and the first beep is not late. From
    then on only a beep makes it start another one: after a failure not before the wait is over.

        (start) --loads--> ok --beep--> played: ok
           |                |
           |                +--failed, stalled, died--> closed; wait 1, 2, 4 ... 60 s
           +--no library, no device-------------------> closed; wait 60 s
        closed --beep after the wait--> (start), then the beep

    `AudioState` is sent when its code or reason changes, one `BeepDone` for each `Beep` taken.
    """

    def __init__(
        self,
        options: BeepOptions,
        tones: Mailbox[Beep],
        to_engine: Callable[[FromSpeaker], object],
        clock: Clock,
        *,
        start: Callable[[str | None], SoundProcess] = Speaker,
    ) -> None:
        """ConfigError when the operator's sound cannot be used."""
        self._options = options
        self._tone = load_tone(options) if options.enabled else None
        self._tones = tones
        self._to_engine = to_engine
        self._clock = clock
        self._start = start
        self._process: SoundProcess | None = None
        self._said: Answer | None = None
        self._wait = 0.0
        self._retry_at = clock.monotonic()

    def run(self, worker: Worker) -> None:
        """Serves beeps until `worker.stop`; the sound process is gone afterwards."""
        worker.wake = self._tones.interrupt
        if self._tone is None:
            self._say(Answer("disabled", "beep.enabled is false"))
        try:
            if self._tone is not None:
                self._open(worker)
            while not worker.stop.is_set():
                worker.beat()
                self._watch()
                beep = self._tones.get(_IDLE)
                if beep is not None:
                    self._watch()  # the process may have ended meanwhile
                    answer = self._beep(worker)
                    at = self._clock.monotonic()
                    self._to_engine(BeepDone(answer.code == _OK, answer.message, beep.request, at))
        finally:
            self._close()

    def _beep(self, worker: Worker) -> Answer:
        if self._tone is None:
            return Answer("disabled", "beep.enabled is false")
        if self._process is None:
            left = self._retry_at - self._clock.monotonic()
            if left > 0 and self._said is not None:
                return Answer(self._said.code, f"{self._said.message}; next try in {left:.0f} s")
            answer = self._open(worker)
            if answer.code != _OK:
                return answer
        return self._play(worker, self._tone)

    def _open(self, worker: Worker) -> Answer:
        """Starts a process; its first `ok` is news, after a failure only a played sound is."""
        try:
            self._process = self._start(self._options.device)
        except OSError as error:
            answer = Answer("failed", f"cannot start the sound process: {error}")
        else:
            answer = self._answer(worker, LOAD_SECONDS, "the sound library does not get ready")
        if answer.code != _OK:
            self._fail(answer)
        elif self._said is None:
            self._say(answer)
        return answer

    def _play(self, worker: Worker, tone: Tone) -> Answer:
        if self._process is None:
            return Answer("failed", "there is no sound process")
        self._process.play(tone)
        answer = self._answer(worker, tone.seconds + PLAY_GRACE, "the sound device hangs")
        if answer.code == _OK:
            self._wait = 0.0
            self._say(answer)
        else:
            self._fail(answer)
        return answer

    def _answer(self, worker: Worker, seconds: float, otherwise: str) -> Answer:
        """The process's answer, or `stalled` when the seconds are over."""
        deadline = self._clock.monotonic() + seconds
        while self._process is not None:
            worker.beat()
            if worker.stop.is_set():
                return Answer(_STOPPING, "the agent is stopping")
            left = deadline - self._clock.monotonic()
            if left <= 0:
                return Answer(_STALLED, f"{otherwise} (no answer for {seconds:.1f} s)")
            if answer := self._process.poll(min(left, _STEP)):
                return answer
        return Answer("failed", "there is no sound process")

    def _watch(self) -> None:
        """Reads what an idle process prints; one that ended is replaced with the next beep."""
        if self._process is not None and (answer := self._process.poll(0.0)):
            log.info("beeper: %s; the next beep starts another one", answer.message)
            self._close()
            self._retry_at = self._clock.monotonic()

    def _fail(self, answer: Answer) -> None:
        self._close()
        if answer.code == _STOPPING:
            return
        grown = ABSENT_WAIT if answer.code in _ABSENT else max(FIRST_WAIT, 2 * self._wait)
        self._wait = min(grown, ABSENT_WAIT)
        self._retry_at = self._clock.monotonic() + self._wait
        self._say(answer)

    def _say(self, answer: Answer) -> None:
        """Tells the engine, once, until it changes; the engine's log line is enough."""
        old, self._said = self._said, answer
        ok = answer.code == _OK
        if old is not None and old.code == answer.code and (ok or old.message == answer.message):
            return
        log.debug("beeper: %s: %s", answer.code, answer.message)
        at = self._clock.monotonic()
        self._to_engine(AudioState(ok, answer.code, answer.message, at))

    def _close(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None
