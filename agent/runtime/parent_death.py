"""A child that has no connection to us ends when we are killed: the kernel sees to it (Linux).

The child asks the kernel itself, in a Python of its own that then becomes the program. Code between
fork and exec would make `subprocess` fork in earnest. Then OpenBLAS waits until no other thread
calculates, with the interpreter's lock held: all threads hang.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys

#: 1 is PR_SET_PDEATHSIG of prctl(2), 9 is SIGKILL. Python ignores two signals, programs do not.
_BOUND = """
import ctypes, os, signal, sys
prctl = getattr(ctypes.CDLL(None), "prctl", None)
if prctl is not None:
    prctl(1, 9, 0, 0, 0)
if os.getppid() != int(sys.argv[1]):  # it was killed before the kernel knew
    os._exit(1)
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
try:
    os.execvp(sys.argv[2], sys.argv[2:])
except OSError as error:
    os.write(2, f"{error.strerror}\\n".encode())
    os._exit(127)
"""


def ending_with_us(command: list[str]) -> list[str]:
    """The same command, for `subprocess.Popen`, as one that ends with us.

    The kernel kills it when the thread that started it ends, also when the agent is killed. A child
    of that child is not killed. It ends when it writes to a pipe that nobody reads.

    Raises:
        OSError: there is no such program, or it may not be run.
    """
    if shutil.which(command[0]) is None:
        code = errno.EACCES if os.path.exists(command[0]) else errno.ENOENT  # noqa: PTH110  a word
        raise OSError(code, os.strerror(code))
    return [sys.executable, "-I", "-S", "-c", _BOUND, str(os.getpid()), *command]
