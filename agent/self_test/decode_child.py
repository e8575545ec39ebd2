"""Decodes a clip and says how many pictures it has; a process of its own: anybody may write there.

Run as `python -m agent.self_test.decode_child`, with the clip as standard input, a file.
"""

from __future__ import annotations

import json
import resource
import sys

import av

from agent.runtime.media import bound_blocks

#: Bytes of memory, and seconds of the processor.
_MOST_MEMORY, _MOST_SECONDS = 1 << 30, 20
#: Pictures that are decoded; a test's clip has fewer.
_MOST = 1000


def main() -> None:
    """Prints `{"frames": N}`, or `{"failed": why}`."""
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_MEMORY, _MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_MOST_SECONDS, _MOST_SECONDS))
    bound_blocks()
    try:
        with av.open(sys.stdin.buffer, mode="r", options={"protocol_whitelist": ""}) as clip:
            frames = 0
            for _ in clip.decode(video=0):
                frames += 1
                if frames >= _MOST:
                    break
        said: dict[str, object] = {"frames": frames}
    except (OSError, ValueError, IndexError, av.FFmpegError) as error:
        said = {"failed": str(error)[:200]}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
