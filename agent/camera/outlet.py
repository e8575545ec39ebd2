"""What a source hands on: its frames, and the state of the session that they come from."""

from __future__ import annotations

from collections.abc import Callable

from agent.camera.rate import RateMeter
from agent.core.errors import CameraError, CameraNotFound
from agent.core.frame import Decoded, Frame, Video
from agent.core.messages import CameraCode, CameraState
from agent.runtime.clock import Clock


class Outlet:
    """Numbers the frames of one source, and says its states.

    This is the only place that decides when a session is over. Every state but LIVE ends it, and
    so does `cut`. The next frame begins a new session, also where the conversation with the camera
    went on. So no frame ever belongs to a session that was said to be over, and LIVE is said with
    the first frame, never before.

    Args:
        camera_id: the camera's id.
        clock: for the time of a state.
        on_frame: takes each frame; False: it was refused.
        on_state: takes each state; False: the inbox was full, the next call repeats it.

    Attributes:
        failures: attempts that failed in a row; the source counts them, the first frame ends them.
        rate: frames a second.
    """

    def __init__(
        self,
        camera_id: str,
        clock: Clock,
        on_frame: Callable[[Frame], object],
        on_state: Callable[[CameraState], object],
    ) -> None:
        self.failures = 0
        self.rate = RateMeter()
        self._camera = camera_id
        self._clock = clock
        self._on_frame = on_frame
        self._on_state = on_state
        self._code: CameraCode | None = None
        self._session = 0
        self._over = True
        self._frames = 0
        self._frame_at: float | None = None
        self._unsaid: CameraState | None = None

    @property
    def code(self) -> CameraCode | None:
        """The state that was said last."""
        return self._code

    @property
    def frames(self) -> int:
        """Frames handed on since the start."""
        return self._frames

    @property
    def frame_at(self) -> float | None:
        """Monotonic seconds of the newest frame."""
        return self._frame_at

    def say(
        self,
        code: CameraCode,
        reason: str,
        retry_in: float | None = None,
        kept: str | None = None,
        *,
        error: CameraError | None = None,
    ) -> None:
        """Says a state, see `CameraState`; `error` is what led to it."""
        self._code = code
        self._over = self._over or code is not CameraCode.LIVE
        at = self._clock.monotonic()
        self._unsaid = CameraState(
            self._camera,
            code,
            reason,
            at,
            self._session,
            retry_in,
            kept,
            found=not isinstance(error, CameraNotFound),
            answers=error is not None and error.answers,
        )
        self.repeat()

    def repeat(self) -> None:
        """Repeats the last state if the inbox was full."""
        if self._unsaid is not None and self._on_state(self._unsaid) is not False:
            self._unsaid = None

    def cut(self) -> None:
        """What comes next cannot be compared with what came before."""
        self._over = True

    def deliver(
        self,
        jpeg: bytes,
        at: float,
        video: Video | None = None,
        note: str = "",
        *,
        decoded: Decoded | None = None,
    ) -> bool:
        """Hands on a frame whose last byte came at `at`; `note` is said with LIVE.

        False: it was refused, the camera sends more than it may cost.
        """
        if self._over:
            self._session += 1
            self._over = False
        frame = Frame(jpeg, at, self._frames, self._session, video, decoded)
        self._frames += 1
        self._frame_at = at
        self.rate.add(at)
        if self._code is not CameraCode.LIVE:
            after = f" after {self.failures} failures" if self.failures else ""
            self.failures = 0
            self.say(CameraCode.LIVE, f"frames arrive{after}{note}")
        self.repeat()
        return self._on_frame(frame) is not False
