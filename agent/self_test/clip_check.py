"""Reads a test's clip back through the reading child, and has it decoded by a child, too."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Callable, Coroutine
from pathlib import PurePath
from typing import Any, TypeVar

from agent.core.recordings import RecordingSaved
from agent.core.store_names import FileKind
from agent.runtime.child_link import start_module
from agent.runtime.worker import Worker
from agent.storage.reading.link import NoSuchThing, Reader, StoreSilent

#: Bytes of a clip that is read back; a test's clip has some hundred thousand.
MOST_CLIP = 64 << 20
_PIECE = 1 << 18
#: Seconds until the decoding child has to be done.
_DECODED_WITHIN = 20.0
_STEP = 0.25
#: Part of the recorded pictures that has to be shown: a decoder may leave out the first ones.
_MOST_OF_THEM = 0.5

T = TypeVar("T")
Terms = Callable[[], dict[str, object] | None]


class CannotPlay(Exception):
    """The clip cannot be read, or does not play; in words."""


def play(worker: Worker, terms: Terms, saved: RecordingSaved) -> None:
    """Returns when the clip was read back and plays.

    Args:
        worker: beats meanwhile; when it is to stop, the wait ends.
        terms: which store it is.
        saved: what the store has said of the clip.

    Raises:
        CannotPlay: says why.
    """
    clip = asyncio.run(_beating(worker, _read(terms, saved)))
    frames = _decoded(worker, clip)
    if frames < max(1, _MOST_OF_THEM * saved.frames):
        raise CannotPlay(f"{saved.path}: shows {frames} of {saved.frames} pictures")


async def _beating(worker: Worker, job: Coroutine[Any, Any, T]) -> T:
    task = asyncio.get_running_loop().create_task(job)
    while not task.done():
        worker.beat()
        if worker.stop.is_set():
            task.cancel()
        await asyncio.wait({task}, timeout=_STEP)
    if task.cancelled():
        raise CannotPlay("the agent ends")
    return task.result()


async def _read(terms: Terms, saved: RecordingSaved) -> bytes:
    reader = Reader(terms)
    day = PurePath(saved.path).parts[1]
    wanted = {"day": day, "event": saved.event_id, "kind": FileKind.CLIP.value}
    clip = bytearray()
    try:
        while True:
            about, body = await reader.ask(
                "event_file", saved.camera, at=len(clip), size=_PIECE, **wanted
            )
            clip += body
            if not body or len(clip) >= min(int(about["size"]), MOST_CLIP):
                return bytes(clip)
    except (StoreSilent, NoSuchThing) as error:
        raise CannotPlay(f"{saved.path}: {error}") from None
    finally:
        reader.end(1.0)


def _decoded(worker: Worker, clip: bytes) -> int:
    with os.fdopen(os.memfd_create("clip"), "w+b") as file:
        file.write(clip)
        file.seek(0)
        options = {"stdin": file, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        process = start_module("agent.self_test.decode_child", start_new_session=True, **options)
    try:
        for _ in range(round(_DECODED_WITHIN / _STEP)):
            worker.beat()
            try:
                said, _ = process.communicate(timeout=_STEP)
            except subprocess.TimeoutExpired:
                if worker.stop.is_set():
                    break
            else:
                return _frames(said, process.returncode)
        raise CannotPlay(f"decoding it took more than {_DECODED_WITHIN:.0f} s")
    finally:
        process.kill()
        process.communicate()


def _frames(said: bytes, status: int) -> int:
    try:
        answer = json.loads(said)
        if "failed" not in answer:
            return int(answer["frames"])
    except (ValueError, KeyError, TypeError):
        raise CannotPlay(f"the decoding child ended with {status}") from None
    raise CannotPlay(f"it cannot be decoded: {answer['failed']}")
