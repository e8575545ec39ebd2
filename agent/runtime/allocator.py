"""How this process takes memory from the system: glibc's allocator, kept from hoarding.

By default glibc gives each thread its own arena. It never returns memory that lies below a living
block, so each clip's encoder left some more of it free but kept. A freed large block also raises
the size from which blocks go back immediately, up to 32 MiB and permanently.
"""

from __future__ import annotations

import ctypes

#: Of mallopt(3), malloc.h of glibc.
_TRIM_THRESHOLD = -1
_MMAP_THRESHOLD = -3
_ARENA_MAX = -8
#: Grey pictures of 1080p (2 MB) are taken from the heap: by themselves they cost a fifth of their
#: decoding more. At 640x480 a tenth is saved, since the heap's end does not come and go.
PICTURES = 4 << 20


def keep_small(largest: int) -> None:
    """One arena for all threads; free memory goes back. Does nothing where the C library has none.

    8 MiB less in an agent with one camera. Nearly all of our threads wait for the interpreter's
    lock, not for the arena's.

    Args:
        largest: bytes. Larger blocks are mapped separately and go back as soon as they are free.
            The heap's end may have as many free bytes.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # musl: it has no arenas
        return
    mallopt(_ARENA_MAX, 1)
    mallopt(_MMAP_THRESHOLD, largest)
    mallopt(_TRIM_THRESHOLD, largest)
