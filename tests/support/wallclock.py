"""Another day for a command and all its children: their wall clock is ahead, no other clock is.

    python -m tests.support.wallclock WHEN COMMAND...

WHEN is a number of days from now (`+75`), or a day or a moment (`2028-02-29`,
`2026-12-31T23:59:50+01:00`); UTC where no offset is given, noon where no time is. From there the
clock goes on. Needs Linux and a C compiler. File times stay those of the machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

#: Name of the file, in a folder of its own, with the seconds that a clock is ahead.
CLOCK = "clock"
_SOURCE = Path(__file__).with_name("wallclock.c")


def wallclock(folder: Path) -> dict[str, str]:
    """The environment of a process whose wall clock is ahead by what stands in `folder`/`CLOCK`."""
    library = folder / "wallclock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, _SOURCE], check=True)
    return {"LD_PRELOAD": str(library), "WALLCLOCK": str(folder / CLOCK)}


def put_ahead(folder: Path, seconds: float) -> None:
    """Moves the clock of those who run with `wallclock(folder)`; the file has to be there."""
    with (folder / CLOCK).open("r+b") as file:
        file.write(int(seconds).to_bytes(8, sys.byteorder, signed=True))


def seconds_ahead(when: str, now: datetime) -> float:
    """From now to WHEN.

    Raises:
        ValueError: WHEN is neither a number of days nor a moment.
    """
    if when.startswith("+"):
        return timedelta(days=int(when)).total_seconds()
    moment = datetime.fromisoformat(when if "T" in when else f"{when}T12:00")
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()


def main() -> int:
    """Runs the command; its exit status."""
    _, when, *command = sys.argv
    with tempfile.TemporaryDirectory(prefix="wallclock-") as name:
        folder = Path(name)
        (folder / CLOCK).write_bytes(bytes(8))
        put_ahead(folder, seconds_ahead(when, datetime.now(UTC)))
        return subprocess.run(command, env=os.environ | wallclock(folder), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
