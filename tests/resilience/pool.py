"""Several runs at once, each in a process of its own that lasts for some runs."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Self

from tests.resilience.plan import EVERY, plan_of, plan_with
from tests.resilience.run import Result, run

#: Runs of one process, so that no leak of the laboratory itself adds up.
_EACH = 25


@dataclass(frozen=True)
class Job:
    """A run to be made; with these faults, or with random ones."""

    seed: int
    names: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Tells it from every other; a folder's name as well, short for the sockets in it."""
        numbers = [str(n) for n, kind in enumerate(EVERY) if kind.name in self.names]
        return "-".join([str(self.seed), *numbers])

    @classmethod
    def of(cls, key: str) -> Self:
        """The one that has this key."""
        seed, *numbers = map(int, key.split("-"))
        return cls(seed, tuple(EVERY[number].name for number in numbers))


def do(job: Job, folder: Path) -> Result:
    """Its run, in a folder below this one."""
    kinds = [kind for kind in EVERY if kind.name in job.names]
    plan = plan_with(job.seed, *kinds) if kinds else plan_of(job.seed)
    result = run(plan, folder / job.key)
    result.key = job.key
    return result


def run_all(jobs: Iterable[Job], folder: Path, at_once: int) -> Iterator[Result]:
    """The results of all jobs, as they come."""
    context = multiprocessing.get_context("spawn")
    waiting, running = iter(jobs), set[Future[Result]]()
    with ProcessPoolExecutor(at_once, context, max_tasks_per_child=_EACH) as pool:
        while True:
            for job in islice(waiting, at_once - len(running)):
                running.add(pool.submit(do, job, folder))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
