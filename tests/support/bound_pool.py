"""A pool of processes that end with the one that made it, also when that one is killed.

The kernel tells them (Linux). A worker then leaves its job as an exception would: what the job has
started is stopped by its own `with`. Workers that nobody tells wait for the next job for ever: they
hold both ends of its pipe.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing.context import BaseContext
from typing import ParamSpec, TypeVar

_PR_SET_PDEATHSIG = 1
#: Seconds that a job has to stop what it started.
_STOPS = 60

P = ParamSpec("P")
R = TypeVar("R")


class _State:
    """Of this worker."""

    busy = False  # in a job
    ending = False


class BoundPool(ProcessPoolExecutor):
    """See the module.

    Args:
        workers: at once.
        context: how processes are started; default: as the system does.
        each: jobs of one process; None: all.
    """

    def __init__(
        self, workers: int, context: BaseContext | None = None, each: int | None = None
    ) -> None:
        super().__init__(workers, context, _bind, (os.getpid(),), max_tasks_per_child=each)

    def begin(self, job: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """As `submit`, with a job that is left when we end."""
        return self.submit(_do, job, *args, **kwargs)  # type: ignore[arg-type]


def _bind(parent: int) -> None:
    signal.signal(signal.SIGTERM, _end)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the kernel knew
        os._exit(1)


def _end(_number: int, _frame: object) -> None:
    if _State.ending:
        return  # the job is stopping already
    _State.ending = True
    if not _State.busy:
        os._exit(1)
    signal.alarm(_STOPS)
    sys.exit(1)


def _do(job: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    _State.busy = True
    try:
        return job(*args, **kwargs)
    finally:
        _State.busy = False
        if _State.ending:
            os._exit(1)
