"""Memory that is free goes back to the system, whichever thread had it."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from agent.runtime.allocator import keep_small

ROOT = Path(__file__).resolve().parents[3]
#: Threads take blocks, one after the other, and each leaves a small one behind that pins what lies
#: below it. Prints what then lies free in all arenas, and how many arenas there are.
CLIPS = """
import ctypes, sys, threading
from pathlib import Path
sys.path.insert(0, {root!r})
from agent.runtime.allocator import keep_small
if {kept}:
    keep_small(1 << 17)
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = libc.malloc.argtypes = [ctypes.c_size_t]
libc.fopen.restype = ctypes.c_void_p
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
libc.fclose.argtypes = [ctypes.c_void_p]
libc.free(libc.malloc(31 << 20))  # once a large picture
together = threading.Barrier(4)
def clip():
    together.wait()
    for _ in range(3):
        blocks = [libc.malloc(400_000) for _ in range(10)]
        libc.malloc(2000)
        for block in blocks:
            libc.free(block)
threads = [threading.Thread(target=clip) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
out = libc.fopen({out!r}.encode(), b"w")
libc.malloc_info(0, out)
libc.fclose(out)
"""


def arenas_and_free(folder: Path, *, kept: bool) -> tuple[int, int]:
    """How many arenas a process has after some clips, and how many bytes are free in them."""
    out = folder / "malloc.xml"
    script = CLIPS.format(root=str(ROOT), kept=kept, out=str(out))
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    text = out.read_text()
    total = text.rpartition("</heap>")[2].split('type="rest"')[1].split('size="')[1]
    return text.count("<heap "), int(total.split('"')[0])


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="not glibc")
def test_what_threads_free_is_not_kept(tmp_path: Path) -> None:
    arenas, free = arenas_and_free(tmp_path, kept=False)
    assert arenas > 1
    assert free > 8_000_000  # as glibc comes: else this test shows nothing
    arenas, free = arenas_and_free(tmp_path, kept=True)
    assert arenas == 1
    assert free < 1_000_000


def test_a_c_library_without_arenas_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    keep_small(1 << 20)
