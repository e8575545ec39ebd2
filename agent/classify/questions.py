"""What the classifier is asked, and the one place where it listens to what vision says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from agent.core.engine_inputs import FromVision
from agent.core.messages import Box, MotionEnded, MotionPicture
from agent.runtime.clock import Clock
from agent.runtime.mailbox import Mailbox, WhenFull

#: Questions that wait, of all cameras: a Pi 4 takes 0.1 to 0.35 s a look, an answer that is later
#: than `agent.core.classified.ANSWER_WITHIN` is of no use. The oldest goes, counted.
ASKED = 8
#: Bytes of pictures in them: eight with the default of `mqtt.max_image_kb`, one with its maximum.
ASKED_BYTES = 10 * 2**20


@dataclass(frozen=True, slots=True)
class Look:
    """A better picture of a running event: what moved, and where.

    Attributes:
        camera: the camera's id.
        event_id: the event.
        asked_at: monotonic seconds.
        box: of the motion, in 0..1 of the picture; None: nobody knows.
        jpeg: as it is published: upright, privacy polygons black, within `mqtt.max_image_kb`.
    """

    camera: str
    event_id: str
    asked_at: float
    box: Box | None
    jpeg: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class EventOver:
    """No better picture of that event will come."""

    camera: str
    event_id: str


Asked = Look | EventOver


def asked_box() -> Mailbox[Asked]:
    """The classifier's mailbox; it is `agent.service.wiring` that makes one."""
    return Mailbox("classify", ASKED, WhenFull.DROP_OLDEST, limit_bytes=ASKED_BYTES)


def tapped(
    to_engine: Callable[[FromVision], bool], asked: Mailbox[Asked], clock: Clock
) -> Callable[[FromVision], bool]:
    """`to_engine`, which lets the classifier hear of better pictures and of the event's end.

    The engine gets the message first. Then the picture goes into a mailbox that never blocks. So
    the classifier delays nothing.
    """

    def put(message: FromVision) -> bool:
        """As `to_engine`."""
        taken = to_engine(message)
        match message:
            case MotionPicture(camera=camera, event_id=event, picture=jpeg) if jpeg:
                look = Look(camera, event, clock.monotonic(), message.detection.box, jpeg)
                asked.put(look, len(jpeg))
            case MotionEnded(camera=camera, event_id=event):
                asked.put(EventOver(camera, event))
        return taken

    return put
