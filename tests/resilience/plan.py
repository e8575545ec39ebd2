"""From a seed to what will happen in a run."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.resilience import (
    broker_faults,
    camera_faults,
    clock_faults,
    guest_faults,
    long_faults,
    neighbour_faults,
    owner_faults,
    process_faults,
    store_faults,
)
from tests.resilience.fault import Fault
from tests.resilience.lab import Setup
from tests.resilience.tools import missing

ALL: tuple[type[Fault], ...] = (
    *camera_faults.ALL,
    *broker_faults.ALL,
    *store_faults.ALL,
    *process_faults.ALL,
    *clock_faults.ALL,
    *owner_faults.ALL,
    *neighbour_faults.ALL,
    *guest_faults.ALL,
)
#: Those and the ones that are tried alone only.
EVERY: tuple[type[Fault], ...] = (*ALL, *long_faults.ALL)
#: How many faults a run has, and how often.
_COUNTS, _WEIGHTS = (1, 2, 3), (35, 40, 25)
#: The first seconds of a run's faulty part; all of its faults begin in them.
WINDOW = 4.0


@dataclass(frozen=True)
class Plan:
    """What will happen; `faults` in the order of their beginning."""

    seed: int
    setup: Setup
    faults: tuple[Fault, ...]

    @property
    def names(self) -> list[str]:
        return [fault.name for fault in self.faults]

    @property
    def wants(self) -> dict[str, str]:
        """Needs that this machine cannot meet, and why."""
        return {need: why for need, why in missing().items() if need in self.setup.needs}


def possible(kinds: Iterable[type[Fault]]) -> list[type[Fault]]:
    """Those that this machine has the means for."""
    return [kind for kind in kinds if not kind.needs & missing().keys()]


def fits(kind: type[Fault], others: Iterable[type[Fault]]) -> bool:
    """True when it can be there together with the others."""
    kinds = (kind, *others)
    words = [each.once for each in kinds if each.once]
    # who has a hosts file of his own has mounts of his own, and sees no disk come back
    moves = any("hosts" in each.needs for each in kinds)
    mounts = any(issubclass(each, store_faults.StoreUnmounted) for each in kinds)
    return len(set(words)) == len(words) and not (moves and mounts)


def plan_of(seed: int, beside: Iterable[type[Fault]] = ()) -> Plan:
    """A random combination: a function of the seed, whatever this machine has the means for.

    Args:
        seed: of the combination and of its details.
        beside: faults that are there anyway.
    """
    chance = random.Random(seed)
    kinds = list(beside)
    count = chance.choices(_COUNTS, _WEIGHTS)[0] + len(kinds)
    while len(kinds) < count:
        kind = chance.choice(ALL)
        if kind not in kinds and fits(kind, kinds):
            kinds.append(kind)
    return _made(seed, kinds, chance)


def plan_with(seed: int, *kinds: type[Fault]) -> Plan:
    """These faults, with the details left to the seed."""
    return _made(seed, list(kinds), random.Random(seed))


def _made(seed: int, kinds: list[type[Fault]], chance: random.Random) -> Plan:
    faults = [kind(chance) for kind in kinds]
    for fault in faults:
        fault.begins = chance.uniform(0.0, WINDOW)
    faults.sort(key=lambda fault: fault.begins)
    now = datetime.now(UTC)
    setup = Setup(
        seed=seed,
        needs=frozenset().union(*(fault.needs for fault in faults)),
        ahead=sum(fault.ahead(now) for fault in faults),
        zone=next((fault.zone for fault in faults if fault.zone != "UTC"), "UTC"),
    )
    return Plan(seed, setup, tuple(faults))
