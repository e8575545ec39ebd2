"""Several runs at once, each in a process of its own that lasts for some runs."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Self

from tests.resilience.plan import EVERY, plan_of, plan_with
from tests.resilience.run import Result, run
from tests.support.bound_pool import BoundPool

#: Runs of one process, so that no leak of the laboratory itself adds up.
_EACH = 25
#: In a key: beside the named faults there are random ones.
_MORE = "r"


@dataclass(frozen=True)
class Job:
    """A run to be made; with these faults, or with random ones.

    Attributes:
        seed: of the details.
        names: of the faults; none: random ones.
        beside: there are random ones, too.
    """

    seed: int
    names: tuple[str, ...] = ()
    beside: bool = False

    @property
    def key(self) -> str:
        """Tells it from every other; a folder's name as well, short for the sockets in it."""
        numbers = [str(n) for n, kind in enumerate(EVERY) if kind.name in self.names]
        return "-".join([f"{self.seed}{_MORE if self.beside else ''}", *numbers])

    @classmethod
    def of(cls, key: str) -> Self:
        """The one that has this key."""
        seed, *numbers = key.split("-")
        names = tuple(EVERY[int(number)].name for number in numbers)
        return cls(int(seed.removesuffix(_MORE)), names, seed.endswith(_MORE))


def do(job: Job, folder: Path) -> Result:
    """Its run, in a folder below this one."""
    kinds = [kind for kind in EVERY if kind.name in job.names]
    alone = kinds and not job.beside
    plan = plan_with(job.seed, *kinds) if alone else plan_of(job.seed, kinds)
    result = run(plan, folder / job.key)
    result.key = job.key
    return result


def run_all(jobs: Iterable[Job], folder: Path, at_once: int) -> Iterator[Result]:
    """The results of all jobs, as they come."""
    context = multiprocessing.get_context("spawn")
    waiting, running = iter(jobs), set[Future[Result]]()
    with BoundPool(at_once, context, _EACH) as pool:
        while True:
            for job in islice(waiting, at_once - len(running)):
                running.add(pool.begin(do, job, folder))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
