"""Many storms at once: `python -m tests.resilience.storm_runs FIRST LAST`.

What fails is kept as FOLDER/SEED.json; `--again FILE` runs its acts, `--shrink FILE` looks for the
fewest of them that fail in the same way.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import as_completed
from pathlib import Path

from tests.resilience.storm_plan import Act, as_text, from_text, plan_of
from tests.resilience.storm_rest import asked_of, run
from tests.support.bound_pool import BoundPool

FOLDER = Path("/var/tmp/storms")  # noqa: S108  large, and kept


def one(seed: int, acts: list[Act]) -> list[str]:
    """The complaints of one storm; what the rig itself raises is one, too."""
    folder = Path(tempfile.mkdtemp(prefix=f"storm-{seed}-"))
    try:
        found = run(folder, seed, acts, asked_of(seed))
    except (AssertionError, OSError, KeyError) as error:
        found = [f"rig: {error!r} {traceback.format_exc()[-700:]}"]
    if found and (log := folder / "agent.log").exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        shutil.copy(log, FOLDER / f"{seed}.log")
    shutil.rmtree(folder, ignore_errors=True)
    return found


def kinds(found: list[str]) -> set[str]:
    """Which invariants are broken."""
    return {complaint.split(":")[0] for complaint in found}


def shrunk(seed: int, acts: list[Act], wanted: set[str]) -> list[Act]:
    """The fewest acts that still break one of these."""
    size = max(1, len(acts) // 2)
    while True:
        for less in list(_without(acts, size)):
            if kinds(one(seed, less)) & wanted:
                acts = less
                print(f"{len(acts)} acts are enough", flush=True)  # noqa: T201
                break
        else:
            if size == 1:
                return acts
            size = max(1, size // 2)


def _without(acts: list[Act], size: int) -> Iterator[list[Act]]:
    for at in range(0, len(acts), size):
        if len(acts) > size:
            yield acts[:at] + acts[at + size :]


def main() -> int:
    """0: all held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", type=int, nargs="*")
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument("--length", type=int, default=40)
    parser.add_argument("--again", type=Path)
    parser.add_argument("--shrink", type=Path)
    options = parser.parse_args()
    if options.again or options.shrink:
        file = options.again or options.shrink
        seed, acts = int(file.stem.split("-")[0]), from_text(file.read_text())
        found = one(seed, acts)
        print("\n".join(found) or "all held", flush=True)  # noqa: T201
        if options.shrink and found:
            acts = shrunk(seed, acts, kinds(found))
            (FOLDER / f"{seed}-shrunk.json").write_text(as_text(acts))
            print("\n".join(map(str, acts)))  # noqa: T201
        return int(bool(found))
    first, last = options.seeds
    bad = 0
    with BoundPool(options.parallel) as pool:
        plans = {seed: plan_of(seed, options.length) for seed in range(first, last + 1)}
        began = time.monotonic()
        jobs = {pool.begin(one, seed, acts): seed for seed, acts in plans.items()}
        for done in as_completed(jobs):
            seed, found = jobs[done], done.result()
            bad += bool(found)
            words = f"{time.monotonic() - began:.0f} s: {seed}: {'bad' if found else 'good'}"
            print("\n    ".join((words, *found)), flush=True)  # noqa: T201
            if found:
                (FOLDER / f"{seed}.json").write_text(as_text(plans[seed]))
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
