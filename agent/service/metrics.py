"""Reads all counters of the running parts; no lock: each part replaces its own whole."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from agent.core.state import Gauges, HostFigures
from agent.core.stats import StoreStats
from agent.runtime import host
from agent.runtime.clock import clock_is_synchronised
from agent.runtime.descriptors import most_descriptors, open_descriptors
from agent.service.camera_wiring import CameraParts
from agent.service.supervisor import Crew
from agent.service.wiring import Parts

#: Seconds between two looks at the machine's memory, heat, load, descriptors and clock.
MACHINE_EVERY = 5.0


def gather(
    parts: Parts,
    cameras: Collection[CameraParts],
    crew: Crew,
    silent: tuple[str, ...],
    machine: HostFigures,
    aims: Mapping[str, str],
) -> Gauges:
    """The counters of now.

    Args:
        parts: those that belong to no camera.
        cameras: those of the cameras that there are now.
        crew: the threads.
        silent: workers without a beat.
        machine: what it said last; asking costs more than all the rest here.
        aims: by camera, why what was drawn on the page is not in force.
    """
    boxes = [*parts.boxes, *(box for camera in cameras for box in camera.boxes)]
    return Gauges(
        cameras={c.camera_id: c.source.stats for c in cameras if c.source},
        recording={c.camera_id: c.recording.source.stats for c in cameras if c.recording},
        vision={c.camera_id: c.vision.stats for c in cameras},
        costs={c.camera_id: c.share.costs for c in cameras},
        store=parts.store.stats if parts.store else StoreStats(),
        mqtt=parts.mqtt.stats,
        classify=parts.classifier.stats if parts.classifier else None,
        mailboxes={box.name: (box.depth, box.dropped) for box in boxes},
        restarts=crew.restarts(),
        silent=silent,
        hung=crew.hung(),
        host=machine,
        verdicts_lost=parts.verdicts.lost,
        aims=aims,
    )


class Machine:
    """What the machine said last."""

    def __init__(self) -> None:
        self._figures = HostFigures()
        self._ask_at = float("-inf")

    def figures(self, now: float) -> HostFigures:
        """Asked again every `MACHINE_EVERY` seconds."""
        if now >= self._ask_at:
            self._ask_at = now + MACHINE_EVERY
            self._figures = HostFigures(
                memory_mib=host.memory_mib(),
                cpu_temp_c=host.cpu_temp_c(),
                load1=host.load1(),
                clock_synchronised=clock_is_synchronised(),
                descriptors=open_descriptors(),
                most_descriptors=most_descriptors(),
            )
        return self._figures
