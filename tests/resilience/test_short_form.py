"""The short form: every kind of fault once, three to a run, from fixed seeds.

The long form is `python -m tests.resilience`, its outcome docs/explanation/resilience.md.
"""

from __future__ import annotations

import random

import pytest

from tests.resilience.fault import Fault
from tests.resilience.plan import ALL, fits
from tests.resilience.pool import Job, run_all
from tests.resilience.run import Result
from tests.resilience.tools import missing
from tests.support.broker import mosquitto

pytestmark = pytest.mark.timeout(900)  # the first test waits for all runs, minutes

SEED = 8
TOGETHER = 3
AT_ONCE = 3


def _groups() -> list[tuple[type[Fault], ...]]:
    """All faults in groups of `TOGETHER` that can be there at once.

    Those that last long are together: a group lasts as long as its longest.
    """
    left = list(ALL)
    random.Random(SEED).shuffle(left)
    left.sort(key=lambda kind: -kind.hold[1])
    groups: list[tuple[type[Fault], ...]] = []
    while left:
        group: list[type[Fault]] = []
        for kind in list(left):
            if len(group) < TOGETHER and fits(kind, group):
                group.append(kind)
                left.remove(kind)
        assert group, f"none of these can be there alone: {left}"
        groups.append(tuple(group))
    return groups


def _name(kinds: tuple[type[Fault], ...]) -> str:
    return " + ".join(kind.__name__ for kind in kinds)


def _job(kinds: tuple[type[Fault], ...]) -> Job:
    """With the faults of the group that this machine has the means for."""
    return Job(SEED, tuple(k.name for k in kinds if not k.needs & missing().keys()))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[Job, Result]:
    """Of all groups: most of a run is waiting, so some run at once."""
    mosquitto()  # skips without one
    jobs = {job.key: job for job in map(_job, _groups()) if job.names}
    folder = tmp_path_factory.mktemp("runs")
    return {jobs[result.key]: result for result in run_all(jobs.values(), folder, AT_ONCE)}


@pytest.mark.parametrize("kinds", _groups(), ids=_name)
def test_all_invariants_hold_after(
    kinds: tuple[type[Fault], ...], results: dict[Job, Result]
) -> None:
    job = _job(kinds)
    if not job.names:
        needs = {need for kind in kinds for need in kind.needs}
        pytest.skip("; ".join(sorted(missing()[need] for need in needs & missing().keys())))
    assert results[job].violations == [], f"seed {SEED}, {job.names}"


def test_every_fault_is_in_the_short_form() -> None:
    assert sorted(kind.name for group in _groups() for kind in group) == sorted(
        kind.name for kind in ALL
    )
    assert len({kind.name for kind in ALL}) == len(ALL)
