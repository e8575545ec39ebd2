"""The recording half of an agent as a process of its own, to be killed: recorder, spool, store.

Run as `python -m tests.support.recording_agent FOLDER FIRST COUNT [CODEC]`. Records one event of
COUNT pictures numbered from FIRST on, one each 20 ms, never ends it, and says what the store says.
With CODEC (`h264`, `hevc`) they are recorded as a camera coded them.
"""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.core.frame import Frame
from agent.core.messages import (
    ClipFrame,
    ClipPart,
    ClipStart,
    Detection,
    Reason,
    RecordingFailed,
    RecordingSaved,
)
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.worker import Worker
from agent.storage.recording.open_clip import RecorderOptions
from agent.storage.recording.recorder import RecorderWorker
from agent.storage.spool.spool import Spool
from agent.storage.store.options import StoreOptions
from agent.storage.store.worker import StoreWorker
from tests.support.clock import SetClock
from tests.support.coded import camera_video
from tests.support.recordings import STARTED, name_of, numbered_jpeg
from tests.support.store_rig import NOW
from tests.support.waiting import PATIENCE, wait_until

#: Four pictures a second in the event's own time, fifty in real time.
_STEP = 0.25
_PAUSE = 0.02


def main() -> None:
    """Records until it is killed."""
    folder, first, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    codec = "".join(sys.argv[4:])
    clock = SetClock(NOW)
    spool = Spool(folder / "spool")
    parts: Mailbox[ClipPart] = Mailbox("parts", 512, WhenFull.REFUSE)
    options = StoreOptions(folder / "store", "me")
    store = StoreWorker(spool, options, folder / "state", _tell, clock, lambda: True)
    zone = ZoneInfo("Europe/Berlin")
    recorder = RecorderWorker(
        "front", RecorderOptions(coded=bool(codec)), parts, spool, clock, zone
    )
    before = spool.depth
    workers = {
        name: Worker(name, run, clock, lambda *_: os._exit(70))
        for name, run in (("store", store.run), ("recorder", recorder.run))
    }
    event = name_of(first)
    frames = [Frame(numbered_jpeg(first + n), 100 + n * _STEP, n, 1) for n in range(count)]
    found = Detection(2, frames[2].at, motion=True, reason=Reason.MOTION)
    triggers = (frames[0], frames[1], frames[2])
    if codec:
        videos = camera_video(count, codec, first=first)
        frames = [
            Frame(b"", it.at, it.seq, 1, replace(video, pts=it.seq * _STEP))
            for it, video in zip(frames, videos, strict=True)
        ]
    parts.put(
        ClipStart("front", event, frames[2].at, STARTED, tuple(frames[:3]), triggers, b"d", found)
    )
    workers["recorder"].start()
    # Whoever sees the store grow knows that this event is on disk, and not only an older one's end.
    wait_until("the event is in the spool", lambda: spool.depth > before)
    workers["store"].start()
    never = threading.Event()
    for frame in frames[3:]:
        clock.wait(never, _PAUSE)
        parts.put(ClipFrame(event, frame))
    never.wait(2 * PATIENCE)


def _tell(message: object) -> None:
    if isinstance(message, RecordingSaved | RecordingFailed):
        sys.stdout.write(f"{type(message).__name__} {message.event_id}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
