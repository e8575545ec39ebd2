"""What the keeper of a camera knows about any kind of session with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol, runtime_checkable

from agent.camera.interruptible_wait import Patience
from agent.core.errors import SessionLost
from agent.core.frame import Decoded, Video

#: Bounds what one camera can make us buffer; a JPEG of 12 million pixels has 3 to 6 MB.
MOST_BYTES = 8 * 2**20


class Picture(NamedTuple):
    """A whole JPEG and the monotonic seconds at which its last byte came; or coded video.

    Attributes:
        note: said of the session with its first picture.
        decoded: the planes of that video, where the stream is judged.
    """

    jpeg: bytes
    at: float
    video: Video | None = None
    note: str = ""
    decoded: Decoded | None = None


class Session(Protocol):
    """An open conversation with a camera."""

    @property
    def silence(self) -> float:
        """Seconds without a whole picture after which the session is given up, at least."""
        ...

    @property
    def why(self) -> str:
        """Why no whole picture comes, for the message of a session that is given up."""
        ...

    @property
    def answers(self) -> bool:
        """Whether the camera says anything at all while no whole picture comes."""
        ...

    @property
    def damaged(self) -> int:
        """Pictures of this session that came broken and were not handed on."""
        ...

    def read(self) -> Picture | None:
        """The next whole picture; None when none came for a moment, or only part of one.

        Raises:
            CameraError: the class says what to do next.
            SessionOver: all has been played.
            Interrupted: by the session's `Patience`.
        """
        ...

    def close(self) -> None:
        """Lets go of everything; called once."""
        ...


@runtime_checkable
class WithSound(Protocol):
    """What a session with sound has in addition."""

    @property
    def damaged_sound(self) -> int:
        """Units of sound that came broken."""
        ...


#: Opens a session, or raises `CameraUnreachable`, `CameraRefused`, `Interrupted`.
Opener = Callable[[Patience], Session]


class Silent(SessionLost):
    """The session is open and no whole picture comes."""


class SessionOver(SessionLost):
    """A clip was played to its end.

    Attributes:
        again: play it once more, as a new session: the jump to its start is no motion.
    """

    def __init__(self, reason: str, *, again: bool) -> None:
        super().__init__(reason)
        self.again = again
