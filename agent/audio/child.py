"""The process that makes the sound: `python -m agent.audio.child [DEVICE]`.

Only this process loads PortAudio, because it can abort its process (an ALSA configuration without
content does that). A stalled device also blocks its stop call and the interpreter's exit.
The parent (`agent.audio.link`) kills this process when that happens.

Conversation, one line of JSON each:
    out  {"code": "ok" | "no_library" | "no_device", "message": ...}   once, after loading
    in   {"rate": 48000, "channels": 1, "size": 38400}, then `size` bytes of int16
    out  {"code": "ok" | "failed", "message": ...}                     after the last sample sounded
End of input ends the process. Standard library and sounddevice only: this stays a light process.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

#: Seconds that loading may take, and playing on top of the sound's own length, before the alarm
#: signal ends this process. The parent is quicker; this is for the case that it is gone: a stalled
#: process would hold the sound card against the next agent.
LOAD_LIMIT = 30
PLAY_LIMIT = 30


class NoDevice(Exception):
    """There is no output device, or none of the name that was asked for."""


def choose(devices: Sequence[Mapping[str, Any]], default: int, wanted: str | None) -> int:
    """The index of the output device to play on.

    Args:
        devices: as sounddevice lists them (`name`, `max_output_channels`), inputs among them.
        default: index of the default output, negative when there is none.
        wanted: a name or a part of one, upper and lower case alike; None: the default.

    Raises:
        NoDevice: with a text for the operator.
    """
    outputs = {
        index: str(device["name"])
        for index, device in enumerate(devices)
        if device["max_output_channels"] > 0
    }
    if wanted is None:
        if default in outputs:
            return default
        raise NoDevice("no sound output found (in a container: is /dev/snd passed in?)")
    key = wanted.casefold()
    exact = [index for index, name in outputs.items() if name.casefold() == key]
    partial = [index for index, name in outputs.items() if key in name.casefold()]
    if exact or partial:
        return (exact or partial)[0]
    there = ", ".join(outputs.values())[:300] or "none"
    raise NoDevice(f"no sound output is called {wanted!r}; there are: {there}")


def main(arguments: Sequence[str]) -> int:
    """Loads, answers, plays what is asked for until the input ends; the process's exit code."""
    answers = _own_stdout()
    signal.alarm(LOAD_LIMIT)
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        _answer(answers, "no_library", f"{error} (Debian: apt install libportaudio2)")
        return 0
    try:
        devices = sounddevice.query_devices()
        wanted = arguments[0] if arguments else None
        index = choose(devices, sounddevice.default.device[1], wanted)
    except NoDevice as error:
        _answer(answers, "no_device", str(error))
        return 0
    signal.alarm(0)
    _answer(answers, "ok", str(devices[index]["name"]))
    _serve(sounddevice, index, sys.stdin.buffer, answers)
    return 0


def _own_stdout() -> BinaryIO:
    """The channel for answers; from now on, what C libraries print goes to stderr instead."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return answers


def _answer(answers: BinaryIO, code: str, message: str) -> None:
    answers.write(json.dumps({"code": code, "message": message}).encode() + b"\n")


def _serve(sounddevice: Any, index: int, requests: BinaryIO, answers: BinaryIO) -> None:  # noqa: ANN401  no stubs
    while line := requests.readline():
        request = json.loads(line)
        rate, channels, size = request["rate"], request["channels"], request["size"]
        samples = requests.read(size)
        signal.alarm(math.ceil(size / (2 * channels * rate)) + PLAY_LIMIT)
        try:
            # Opened for each sound: other programs may have the card in between. Leaving the block
            # waits until the last sample is out.
            with sounddevice.RawOutputStream(
                samplerate=rate, channels=channels, dtype="int16", device=index
            ) as stream:
                stream.write(samples)
        except sounddevice.PortAudioError as error:
            _answer(answers, "failed", str(error))
        else:
            _answer(answers, "ok", "played")
        signal.alarm(0)


if __name__ == "__main__":
    # No tidy exit: it would call into PortAudio once more, which may block.
    os._exit(main(sys.argv[1:]))
