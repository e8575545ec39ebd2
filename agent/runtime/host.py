"""What the machine says about itself, out of /proc and /sys; None where it says nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

_THERMAL = Path("/sys/class/thermal/thermal_zone0/temp")
_STATM = Path("/proc/self/statm")
_MACHINE_IDS = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
_NETWORK = Path("/sys/class/net")
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def memory_mib() -> float | None:
    """Resident memory of this process in MiB."""
    try:
        pages = int(_STATM.read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def cpu_temp_c() -> float | None:
    """Temperature of the processor in degrees Celsius; on a Raspberry Pi zone 0 is the SoC."""
    try:
        return int(_THERMAL.read_text()) / 1000
    except (OSError, ValueError):
        return None


def load1() -> float | None:
    """Runnable processes, mean of the last minute."""
    try:
        return os.getloadavg()[0]
    except OSError:
        return None


def machine_id(places: Sequence[Path] = _MACHINE_IDS) -> str:
    """The id of this installation, "" where there is none; copied with the SD card."""
    for path in places:
        try:
            return path.read_text().strip()
        except OSError:
            continue
    return ""


def boot_id() -> str:
    """Another one after each start of the machine, also in a container; "" where there is none."""
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""


def mac_address(folder: Path = _NETWORK) -> str:
    """The address of the first network card that is a device, "" where there is none.

    Bridges and containers' cards have no `device`: they get a new address with each start.
    """
    for card in sorted(folder.glob("*")):
        try:
            if (card / "device").exists():
                return (card / "address").read_text().strip()
        except OSError:
            continue
    return ""
