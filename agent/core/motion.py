"""What motion is over time: from the detections of single frames to events."""

from __future__ import annotations

from dataclasses import dataclass

from agent.core.messages import SUPPRESSING, Detection, EndReason, Reason

#: A better picture of a running event is said at most this often, in seconds.
IMPROVE_EVERY = 1.0
#: A lamp that flickers must not flood the broker: one report of suppressed motion in this time.
SUPPRESS_EVERY = 10.0


@dataclass(frozen=True, slots=True)
class Step:
    """What one judged frame changed.

    Attributes:
        started: an event begins with this frame.
        improved: the event's peak is better than what was said last; the peak may be an earlier
            frame whose second was not over yet.
        ended: this is the event's last frame; with one post frame it may be its first as well.
        suppressed: frames to report as suppressed, this one and all since the last report; 0: none.
    """

    started: bool = False
    improved: bool = False
    ended: bool = False
    suppressed: int = 0


_NOTHING = Step()


class MotionMachine:
    """Turns detections into events and spans of suppressed motion.

    ```
    state    detection            next      step
    idle     motion               active    started; quiet count = 1 (N itself is the first)
    idle     anything else        idle      -
    active   motion               active    quiet count = 1; improved with a new peak, once a second
    active   anything else        active    quiet count + 1
    active   count = post_frames  idle      ended (in the same step as the above)
    active   longer than bound    idle      ended (in the same step as the above)
    any      abandon()            idle      -
    any      too much, or light   the same  suppressed, once a span and once in 10 s
    ```
    """

    def __init__(self) -> None:
        self._first: Detection | None = None
        self._peak: Detection | None = None
        self._active = False
        self._judged = 0
        self._quiet = 0
        self._restless = False  # since the last frame with motion
        self._too_long = False  # the event was ended by its bound
        self._said_score = 0.0
        self._said_at = 0.0
        self._spans = _SuppressedSpans()

    @property
    def active(self) -> bool:
        """True while an event runs."""
        return self._active

    @property
    def first(self) -> Detection:
        """What started the running event, or the last one."""
        return _known(self._first)

    @property
    def peak(self) -> Detection:
        """The strongest detection of the running event, or of the last one."""
        return _known(self._peak)

    @property
    def why_ended(self) -> EndReason:
        """Why the event ended with its last frame: quiet, its bound, or what moves got nowhere."""
        if self._too_long:
            return EndReason.TOO_LONG
        return EndReason.RESTLESS if self._restless else EndReason.CLEARED

    @property
    def judged(self) -> int:
        """Judged frames of the running event, or of the last one."""
        return self._judged

    def update(self, detection: Detection, post_frames: int, max_seconds: float = 0.0) -> Step:
        """Takes the next judged frame.

        Args:
            detection: its result.
            post_frames: judged frames from the last one with motion to the event's end, at least 1.
                The last one with motion is the first of them, as in the seed. It is the value in
                force now, also for a running event.
            max_seconds: an event that has lasted this time ends; 0: none does.
        """
        suppressed = self._spans.update(detection)
        started = detection.motion and not self._active
        if started:
            self._start(detection)
        if not self._active:
            return Step(suppressed=suppressed) if suppressed else _NOTHING
        self._judged += 1
        self._quiet = 1 if detection.motion else self._quiet + 1
        restless = detection.reason is Reason.RESTLESS
        self._restless = not detection.motion and (self._restless or restless)
        if detection.motion and detection.score > self.peak.score:
            self._peak = detection
        improved = self._improves(detection.at)
        quiet = self._quiet >= post_frames
        lasts = detection.at - self.first.at
        self._too_long = not quiet and 0 < max_seconds <= lasts
        ended = quiet or self._too_long
        self._active = not ended
        return Step(started, improved, ended, suppressed)

    def abandon(self) -> None:
        """Ends the event, if one runs, for a reason that no frame gave: disarmed, camera lost."""
        self._active = False
        self._spans.interrupt()

    def _start(self, detection: Detection) -> None:
        self._active = True
        self._first = self._peak = detection
        self._judged = 0
        self._said_score = detection.score
        self._said_at = detection.at

    def _improves(self, at: float) -> bool:
        if self.peak.score <= self._said_score or at - self._said_at < IMPROVE_EVERY:
            return False
        self._said_score = self.peak.score
        self._said_at = at
        return True


def damaged(seq: int, at: float) -> Detection:
    """Of a frame that cannot be decoded: one without motion.

    Else nothing but damage would never end an event.
    """
    return Detection(seq, at, motion=False, reason=Reason.DAMAGED)


class _SuppressedSpans:
    """Suppressed frames in a row make a span; says which are to be reported."""

    def __init__(self) -> None:
        self._reported = False  # the running span
        self._reported_at = float("-inf")
        self._waiting = 0

    def update(self, detection: Detection) -> int:
        """Frames to report now, 0 for none."""
        if detection.reason not in SUPPRESSING:
            self._reported = False
            return 0
        self._waiting += 1
        if self._reported or detection.at - self._reported_at < SUPPRESS_EVERY:
            return 0
        count, self._waiting = self._waiting, 0
        self._reported = True
        self._reported_at = detection.at
        return count

    def interrupt(self) -> None:
        """The running span is over."""
        self._reported = False


def _known(detection: Detection | None) -> Detection:
    if detection is None:
        raise ValueError("there has been no event yet")
    return detection
