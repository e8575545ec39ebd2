"""The owner thread of the speaker: plays what is asked for, and says what hinders it.

A `Beep` is the alarm: nothing that a `Play` brings may keep the speaker from it. So a sound that
cannot be fetched, read or played never counts against the speaker, and another one that is asked
for meanwhile is refused. An alarm that comes while a sound is heard follows it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Literal, Protocol, TypeVar

from agent.audio.download import FETCH_SECONDS, Download
from agent.audio.link import Answer, Speaker
from agent.audio.options import ORDERS, BeepOptions, load_tone
from agent.audio.sound_urls import UNAVAILABLE
from agent.audio.tones import LONGEST_PLAY, NoSound, Tone, read_wav
from agent.core.engine_inputs import FromSpeaker
from agent.core.messages import AudioState, BeepDone
from agent.core.orders import Beep, Play, SpeakerOrder, StopBeep, StopPlay
from agent.core.owner_answers import SoundDone
from agent.runtime.clock import Clock
from agent.runtime.mailbox import Mailbox
from agent.runtime.worker import Worker
from schemas.commands import ErrorCode

log = logging.getLogger(__name__)

LOAD_SECONDS = 10.0  # for a new sound process; loading takes 0.1 to 0.8 s, on a loaded Pi some more
PLAY_GRACE = 5.0  # seconds on top of the sound's length: opening a device may take some
#: Seconds before another beep looks again for a library or a device: a card may have been plugged
#: in, but each look prints and costs a process.
ABSENT_WAIT = 60.0
#: Seconds before another beep tries again after a failure; doubled each time, at most ABSENT_WAIT.
FIRST_WAIT = 1.0

_STEP = 0.25  # seconds; how long anything here waits without looking at `stop`
_IDLE = 5.0  # seconds; a beep ends it immediately, and so does a stop
_OK, _STALLED, _STOPPING, _SILENCED = "ok", "stalled", "stopping", "silenced"
_BUSY: Literal["busy"] = "busy"
_PLAYING = "a sound is played; request/silence ends it"
A = TypeVar("A")
_ABSENT = frozenset({"no_library", "no_device"})


class SoundProcess(Protocol):
    """What the beeper needs of a `Speaker`."""

    def play(self, tone: Tone) -> None:
        """Asks for a sound."""

    def poll(self, timeout: float) -> Answer | None:
        """The answer, or None after at most `timeout` seconds."""

    def close(self) -> None:
        """Kills it."""


class Source(Protocol):
    """What the beeper needs of a `Download`."""

    def poll(self, timeout: float) -> bytes | Answer | None:
        """The WAV file, or why there is none, or None after at most `timeout` seconds."""

    def close(self) -> None:
        """Ends it, in any state."""


class BeeperWorker:
    """Body of the `beeper` thread. Keeps one sound process, plays one sound at a time, in order.

    The process starts immediately, so that health knows early and the first beep is not late. From
    then on only a beep starts another one: after a failure not before the wait is over.

        (start) --loads--> ok --beep--> played: ok
           |                |
           |                +--failed, stalled, died--> closed; wait 1, 2, 4 ... 60 s
           +--no library, no device-------------------> closed; wait 60 s
        closed --beep after the wait--> (start), then the beep

    While a `Play` is fetched or heard, a `StopPlay` ends it: the process is killed, and another one
    started. A `Beep` sounds during the download. During the sound that of an event waits for its
    end. All other orders are refused. A `StopBeep` ends the beep of an event in the same way, or
    keeps it from beginning.

    `AudioState` is sent when its code or reason changes, one `BeepDone` for each `Beep` taken, one
    `SoundDone` for each `Play` and `StopPlay`.
    """

    def __init__(
        self,
        options: BeepOptions,
        tones: Mailbox[SpeakerOrder],
        to_engine: Callable[[FromSpeaker], object],
        clock: Clock,
        *,
        start: Callable[[str | None], SoundProcess] = Speaker,
        fetch: Callable[[str, tuple[str, ...] | None], Source] = Download,
    ) -> None:
        """ConfigError when the operator's sound cannot be used."""
        self._options = options
        self._tone = load_tone(options) if options.enabled else None
        self._tones = tones
        self._to_engine = to_engine
        self._clock = clock
        self._start = start
        self._fetch = fetch
        self._held: list[Beep] = []  # of events, behind a sound: one of each camera
        self._later: deque[SpeakerOrder] = deque()  # came while a beep sounded
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
                order = self._held.pop(0) if self._held else self._take(_IDLE)
                self._watch()  # the process may have ended meanwhile
                if isinstance(order, Beep):
                    self._beeped(order, self._beep(order, worker))
                elif isinstance(order, Play):
                    self._sound(order, worker)
                elif isinstance(order, StopPlay):
                    self._done(order)
        finally:
            self._close()

    def _take(self, patience: float = 0.0) -> SpeakerOrder | None:
        return self._later.popleft() if self._later else self._tones.get(patience)

    def _beeped(self, beep: Beep, answer: Answer) -> None:
        at = self._clock.monotonic()
        ok = answer.code in {_OK, _SILENCED}
        self._to_engine(BeepDone(ok, answer.message, beep.request, at))

    def _done(
        self,
        order: Play | StopPlay,
        code: ErrorCode | None = None,
        message: str = "",
        *,
        seconds: float | None = None,
        silenced: bool = False,
    ) -> None:
        at = self._clock.monotonic()
        self._to_engine(SoundDone(code, message, order.request, at, seconds, silenced))

    def _beep(self, beep: Beep, worker: Worker) -> Answer:
        answer = self._ready(worker)
        if answer is None and self._tone is not None:
            return self._play(worker, self._tone, beep)
        return answer or Answer("disabled", "beep.enabled is false")

    def _ready(self, worker: Worker) -> Answer | None:
        """Sees to it that there is a process; None, or why there is none."""
        if self._tone is None:
            return Answer("disabled", "beep.enabled is false")
        if self._process is None:
            left = self._retry_at - self._clock.monotonic()
            if left > 0 and self._said is not None:
                return Answer(self._said.code, f"{self._said.message}; next try in {left:.0f} s")
            answer = self._open(worker)
            if answer.code != _OK:
                return answer
        return None

    def _sound(self, order: Play, worker: Worker) -> None:
        """Fetches, reads and plays a sound, and says what became of it."""
        if (refused := self._ready(worker)) is not None:
            self._done(order, "audio_failed", refused.message)
            return
        data = order.wav if order.url is None else self._fetched(order.url, worker)
        if isinstance(data, Answer):
            if data.code == _SILENCED:
                self._done(order, seconds=0.0, silenced=True)
            else:
                self._done(order, "sound_unavailable", data.message)
            return
        volume = self._options.volume if order.volume is None else order.volume
        try:
            tone = read_wav(data or b"", volume, LONGEST_PLAY)
        except NoSound as no:
            helps = "Home Assistant's TTS makes one with preferred_format: wav"
            self._done(order, "invalid_payload", f"{no}; send a PCM WAV file ({helps})")
            return
        self._heard(order, tone, worker)

    def _fetched(self, url: str, worker: Worker) -> bytes | Answer:
        try:
            download = self._fetch(url, self._options.play_from)
        except OSError as error:
            return Answer(UNAVAILABLE, f"cannot start a download: {error}")
        try:
            late = f"the sound is not there within {FETCH_SECONDS:g} s"
            return self._waited(worker, download.poll, FETCH_SECONDS, late, self._while_fetching)
        finally:
            download.close()

    def _heard(self, order: Play, tone: Tone, worker: Worker) -> None:
        self._watch()
        if self._process is None and (refused := self._ready(worker)) is not None:
            self._done(order, "audio_failed", refused.message)
            return
        process, began = self._process, self._clock.monotonic()
        if process is None:
            return
        process.play(tone)
        seconds = tone.seconds + PLAY_GRACE
        answer = self._waited(
            worker, process.poll, seconds, "the sound device hangs", self._while_sounding
        )
        if answer.code == _OK:
            self._wait = 0.0
            self._say(answer)
            self._done(order, seconds=tone.seconds)
        elif answer.code == _SILENCED:
            sounded = min(tone.seconds, self._clock.monotonic() - began)
            self._close()
            self._done(order, seconds=sounded, silenced=True)
            self._restart(worker)
        elif answer.code == _STALLED:
            self._fail(answer)
            self._done(order, "audio_failed", answer.message)
        else:  # it may be this sound's fault: the next alarm finds out what the speaker is worth
            self._watch()
            words = f"{answer.message}; {tone.rate} Hz may be unknown to the device: try 48000"
            self._done(order, "audio_failed", words)

    def _while_fetching(self, worker: Worker) -> Answer | None:
        """The speaker is free: a beep sounds now."""
        return self._listen(lambda beep: self._beeped(beep, self._beep(beep, worker)))

    def _while_sounding(self, _worker: Worker) -> Answer | None:
        """The beep of an event follows the sound."""

        def hold(beep: Beep) -> None:
            """An event's beep waits; one on command is refused."""
            if beep.request is not None:
                self._beeped(beep, Answer(_BUSY, _PLAYING))
            elif all(beep.camera != it.camera for it in self._held):
                self._held.append(beep)

        return self._listen(hold)

    def _listen(self, to_beep: Callable[[Beep], None]) -> Answer | None:
        """Takes what comes while a sound is fetched or heard; an answer ends the sound."""
        while (order := self._take()) is not None:
            match order:
                case StopPlay():
                    self._done(order, silenced=True)
                    return Answer(_SILENCED, "silenced by command")
                case Play():
                    self._done(order, _BUSY, _PLAYING)
                case StopBeep():
                    self._held = [beep for beep in self._held if not order.ends(beep)]
                case Beep():
                    to_beep(order)
        return None

    def _while_beeping(self, beep: Beep) -> Answer | None:
        """What comes waits for the end of the beep, which a `StopBeep` brings."""
        while len(self._later) < ORDERS and (order := self._tones.get()) is not None:
            if not isinstance(order, StopBeep):
                self._later.append(order)
                continue
            waiting = [it for it in self._later if not (isinstance(it, Beep) and order.ends(it))]
            self._later = deque(waiting)
            self._held = [it for it in self._held if not order.ends(it)]
            if order.ends(beep):
                return Answer(_SILENCED, "not wanted any more")
        return None

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

    def _play(self, worker: Worker, tone: Tone, beep: Beep) -> Answer:
        if (process := self._process) is None:
            return Answer("failed", "there is no sound process")
        process.play(tone)
        answer = self._waited(
            worker,
            process.poll,
            tone.seconds + PLAY_GRACE,
            "the sound device hangs",
            lambda _worker: self._while_beeping(beep),
        )
        if answer.code == _OK:
            self._wait = 0.0
            self._say(answer)
        elif answer.code == _SILENCED:
            self._restart(worker)
        else:
            self._fail(answer)
        return answer

    def _answer(self, worker: Worker, seconds: float, otherwise: str) -> Answer:
        """The process's answer, or `stalled` when the seconds are over."""
        if self._process is None:
            return Answer("failed", "there is no sound process")
        return self._waited(worker, self._process.poll, seconds, otherwise)

    def _waited(
        self,
        worker: Worker,
        poll: Callable[[float], A | None],
        seconds: float,
        otherwise: str,
        listen: Callable[[Worker], Answer | None] = lambda _worker: None,
    ) -> A | Answer:
        """What `poll` brings within the seconds, or an `Answer` why it brings nothing.

        `listen` is called again and again; what it answers ends the wait.
        """
        deadline = self._clock.monotonic() + seconds
        while True:
            worker.beat()
            if worker.stop.is_set():
                return Answer(_STOPPING, "the agent is stopping")
            left = deadline - self._clock.monotonic()
            if left <= 0:
                return Answer(_STALLED, f"{otherwise} (no answer for {seconds:.1f} s)")
            if (ended := listen(worker)) is not None:
                return ended
            if (answer := poll(min(left, _STEP))) is not None:
                return answer

    def _restart(self, worker: Worker) -> None:
        """Ends the sound, with its process; another one is there before the next alarm."""
        self._close()
        self._retry_at = self._clock.monotonic()
        self._open(worker)

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
