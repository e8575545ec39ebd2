"""Between page and main thread: snapshots one way, orders and their answers the other.

Everything here is frozen or a mailbox; no call waits. Needs no aiohttp.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from agent.core.engine_inputs import Told
from agent.core.messages import FrameScored, Parsed, Shown
from agent.core.state import AgentNow
from agent.runtime.clock import Clock
from agent.runtime.latest_value import Newest
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.verdicts.worker import Question
from schemas.camera_config import CameraAudio, CameraConfig
from schemas.commands import Command, CommandError, ReplyTo, Response
from schemas.messages import Outgoing, Publish
from schemas.page import Aim, StoredAim

#: Judged frames of all cameras that wait for the page, which takes them four times a second.
SCORES = 2048
#: Answers that wait for the page; it has as many orders under way at most.
ANSWERS = 32


@dataclass(frozen=True, slots=True)
class Scene:
    """What the page has to know of one camera's configuration; nothing of it is secret.

    Attributes:
        name: what people call it.
        in_file: as the configuration has it, without sources.
        config: as it is in force, without sources.
        aim: what was drawn on the page, as far as it is in force.
        view: its newest picture.
        since: since when it is so: pictures of before may show what is hidden now.
    """

    name: str
    in_file: CameraConfig
    config: CameraConfig
    aim: StoredAim | None = None
    view: Newest[Shown] | None = field(default=None, repr=False)
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class PaintedMask:
    """The strokes of a mask as a grey PNG; painted by the page, as that takes time."""

    png: bytes = field(repr=False)
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class AimOrder:
    """Put an aim in force, or (None) give the camera back to the configuration."""

    page_camera: str
    aim: Aim | None
    token: bytes
    mask: PaintedMask | None = None


#: What the page tells the main thread, and all that may lie in its inbox where there is a page.
FromPage = Parsed | AimOrder
Inbound = Told | FromPage


class Bridge:
    """Shared by the page's thread and the main thread.

    Args:
        to_engine: the main thread's inbox; False: it is full.
        clock: the time.
        verdicts: questions to the log of verdicts, whose thread answers them.

    Attributes:
        now: the engine's state; put after each step.
        scores: each judged frame.
        answers: to the page's orders: their token and the answer.
        scenes: by camera; replaced whole by the main thread.
        first_file: where a first configuration would go; None: there is one. Set before the start.
    """

    def __init__(
        self,
        to_engine: Callable[[FromPage], bool],
        clock: Clock,
        verdicts: Mailbox[Question],
    ) -> None:
        self.verdicts = verdicts
        self.now: Newest[AgentNow] = Newest()
        self.scores: Mailbox[FrameScored] = Mailbox("page_scores", SCORES, WhenFull.DROP_OLDEST)
        self.answers: Mailbox[tuple[bytes, Response]] = Mailbox(
            "page_answers", ANSWERS, WhenFull.DROP_OLDEST
        )
        self.scenes: Mapping[str, Scene] = {}
        self.first_file: Path | None = None
        self._to_engine = to_engine
        self._clock = clock
        self._mark = b"page " + secrets.token_hex(8).encode()  # of our orders; nobody guesses it

    def order(self, command: Command, noun: str, camera: str | None) -> bytes | None:
        """Passes a command to the engine; the token of its answer, None when the inbox is full."""
        token = self._new_token()
        reply = ReplyTo(noun=noun, camera=camera, correlation=token)
        parsed = Parsed(command, reply, self._clock.monotonic())
        return token if self._to_engine(parsed) else None

    def order_aim(
        self, camera: str, aim: Aim | None, mask: PaintedMask | None = None
    ) -> bytes | None:
        """Passes an aim to the main thread; the token of its answer, None when it is full."""
        token = self._new_token()
        return token if self._to_engine(AimOrder(camera, aim, token, mask)) else None

    def _new_token(self) -> bytes:
        return self._mark + secrets.token_hex(8).encode()

    def takes(self, message: Outgoing) -> bool:
        """True for the answer to an order of the page: it is no news for anybody else."""
        if not isinstance(message, Publish) or not (message.correlation or b"").startswith(
            self._mark
        ):
            return False
        answer = Response.model_validate_json(message.payload)
        return self.answers.put((message.correlation or b"", answer))

    def answer_aim(self, order: AimOrder, error: str | None) -> None:
        """Says what became of an aim."""
        refused = None if error is None else CommandError(code="invalid_payload", message=error)
        answer = Response(ok=error is None, command="aim", error=refused, ts=self._clock.utc())
        self.answers.put((order.token, answer))


def without_sources(camera: CameraConfig) -> CameraConfig:
    """The configuration of a camera without what may hold a password; it can be checked again.

    Without a source there is no sound either.
    """
    recording = camera.recording.model_copy(update={"audio": False})
    silent = {"audio": CameraAudio(), "recording": recording}
    hidden = {"source": "demo:", "record_source": None, "tls": None, "redirect_hosts": ()}
    return camera.model_copy(update={**hidden, **silent})
