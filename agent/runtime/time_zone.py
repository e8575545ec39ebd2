"""The machine's time zone: what is wrong with it, and whether it has changed.

The C library takes a zone that it does not know for UTC and says nothing. Days and file names are
local, so the owner has to hear of it.
"""

from __future__ import annotations

import difflib
import logging
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

log = logging.getLogger(__name__)

_ZONES = Path("/usr/share/zoneinfo")
_LOCALTIME = Path("/etc/localtime")
_MAGIC = b"TZif"
_OFFSET = r"[+-]?\d{1,2}(?::\d{1,2}(?::\d{1,2})?)?"
_NAME = r"(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)"
_WHEN = rf"(?:M\d{{1,2}}\.[1-5]\.[0-6]|J?\d{{1,3}})(?:/{_OFFSET.replace('{1,2}', '{1,3}', 1)})?"
#: A zone written out (tzset(3)): `CET-1CEST,M3.5.0,M10.5.0/3`.
_WRITTEN_OUT = re.compile(rf"{_NAME}{_OFFSET}(?:{_NAME}(?:{_OFFSET})?(?:,{_WHEN},{_WHEN})?)?\Z")
#: One without summer time that counts to the west. Most people mean the other direction.
_WEST = re.compile(rf"{_NAME}\+?(\d{{1,2}}(?::\d\d)?)\Z")
#: What the C library makes UTC of on purpose, also where no zones are installed.
_UTC = {"", "UTC", "UCT", "GMT", "Universal", "Etc/UTC", "Etc/GMT", "Zulu"}
#: Seconds between two looks.
_EVERY = 60.0


def zone_mistake(
    environ: Mapping[str, str], zones: Path = _ZONES, localtime: Path = _LOCALTIME
) -> str | None:
    """What is wrong with the time zone, and what is right; None: it is one."""
    given = environ.get("TZ")
    zones = Path(environ.get("TZDIR") or zones)
    if given is None:
        if not localtime.is_symlink() or _is_zone(localtime):
            return _unless_zone(localtime)
        name = os.fsdecode(localtime.readlink())
        return f"{localtime} leads to {name}, which is no time zone: {_taken(zones)}"
    name = given.removeprefix(":")
    if name in _UTC or _is_zone(zones / name) or _WRITTEN_OUT.match(name):
        return None
    return f"TZ={given}: there is no such time zone{_meant(name, zones)}: {_taken(zones)}"


def zone_note(environ: Mapping[str, str], localtime: Path = _LOCALTIME) -> str | None:
    """What to say where no time zone is set, or one that few people mean; None: nothing."""
    if (west := _WEST.match(environ.get("TZ", ""))) and west[1].strip("0:"):
        given = environ["TZ"]
        east = f"{given.removesuffix(west[1]).removesuffix('+')}-{west[1]}"
        return f"TZ={given} is {west[1]} h behind UTC (west of it); {west[1]} h ahead is TZ={east}"
    if "TZ" in environ or os.path.lexists(localtime):
        return None
    return (
        f"no time zone is set ({localtime} is not there): days and file names are of UTC; set one:"
        " `timedatectl set-timezone Europe/Berlin`, in a container TZ=Europe/Berlin"
    )


class ZoneWatch:
    """Takes over another zone while the process runs; belongs to one thread.

    Args:
        monotonic: seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._known = self._look()
        self._looked_at = monotonic()

    def look(self) -> None:
        """Looks now and then; another zone holds for all threads, from the next name on."""
        now = self._monotonic()
        if now - self._looked_at < _EVERY:
            return
        self._looked_at = now
        found = self._look()
        if found == self._known:
            return
        before, self._known = self._known, found
        time.tzset()
        if found[0] != before[0]:
            log.info("time zone: now %s, was %s: days and names follow it", found[0], before[0])
        if (words := zone_mistake(os.environ, localtime=_LOCALTIME)) is not None:
            log.warning("time zone: %s", words)

    def _look(self) -> tuple[str, tuple[int, ...]]:
        """The zone's name, and what tells its file from another one."""
        if "TZ" in os.environ:
            return os.environ["TZ"], ()
        try:
            about = _LOCALTIME.stat()
        except OSError:
            return "UTC", ()
        name = os.path.realpath(_LOCALTIME).partition("zoneinfo/")[2]
        return name or "another one", (about.st_dev, about.st_ino, about.st_mtime_ns)


def _is_zone(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except (OSError, ValueError):  # ValueError: a zero byte in its name
        return False


def _unless_zone(localtime: Path) -> str | None:
    if _is_zone(localtime) or not localtime.exists():
        return None
    return f"{localtime} is no time zone: UTC is taken; `timedatectl set-timezone Europe/Berlin`"


def _taken(zones: Path) -> str:
    if not zones.is_dir():
        return f"UTC is taken; no time zones are installed in {zones}: install tzdata"
    return "UTC is taken; `timedatectl list-timezones` names those there are"


def _meant(name: str, zones: Path) -> str:
    known = {each.casefold(): each for each in _names_in(zones)}
    close = difflib.get_close_matches(name.casefold(), known, 1, 0.7)
    return f"; did you mean {known[close[0]]}?" if close else ""


def _names_in(zones: Path) -> Iterator[str]:
    """The names of areas' cities, as in the table that tzdata brings."""
    for table in ("tzdata.zi", "zone1970.tab", "zone.tab"):
        try:
            lines = (zones / table).read_text(errors="replace").splitlines()
        except OSError:
            continue
        for line in lines:
            fields = line.split("\t" if table.endswith(".tab") else " ")
            if table.endswith(".tab") and not line.startswith("#") and len(fields) > 2:
                yield fields[2]
            elif fields[0] in {"Z", "L"} and len(fields) > 1:
                yield fields[1] if fields[0] == "Z" else fields[-1]
