"""Faults of the camera and of the way to it."""

from __future__ import annotations

import random
from typing import ClassVar

from tests.resilience.fault import REST, Fault
from tests.resilience.lab import Lab


class _Wire(Fault):
    """Datagrams of pictures get lost, late, double, or are noise; for a while."""

    parts: ClassVar[dict[str, tuple[float, float]]]
    hold = (2.0, 5.0)
    limit = 12.0 + REST
    once = "wire"

    def inject(self, lab: Lab) -> None:
        some = {name: self.chance.uniform(*limits) for name, limits in self.parts.items()}
        lab.camera.order(faults=some)

    def heal(self, lab: Lab) -> None:
        lab.camera.order(faults={})


class CameraLoss(_Wire):
    name = "camera: loss of 0.1 to 20 %"
    parts: ClassVar = {"loss": (0.001, 0.2)}


class CameraBurst(_Wire):
    name = "camera: bursts of loss"
    parts: ClassVar = {"loss": (0.6, 1.0)}
    hold = (0.1, 1.0)


class CameraReorder(_Wire):
    name = "camera: reordered datagrams"
    parts: ClassVar = {"reorder": (0.01, 0.3)}


class CameraRepeat(_Wire):
    name = "camera: doubled datagrams"
    parts: ClassVar = {"repeat": (0.01, 0.5)}


class CameraGarbage(_Wire):
    name = "camera: garbage between datagrams"
    parts: ClassVar = {"garbage": (0.01, 0.3)}


class CameraMixed(_Wire):
    name = "camera: loss, order, doubles and garbage together"
    parts: ClassVar = {
        "loss": (0.0, 0.02),
        "reorder": (0.0, 0.1),
        "repeat": (0.0, 0.1),
        "garbage": (0.0, 0.1),
    }


class CameraNothingWhole(_Wire):
    """Pictures come, none of them whole, and the conversation goes on all the while."""

    name = "camera: no whole picture inside a session"
    parts: ClassVar = {"loss": (0.5, 0.7)}  # of about 32 datagrams of each picture
    hold = (10.5, 13.0)


class _Whole(Fault):
    """The camera as a whole; what follows may be an attempt that fails, and then its rest."""

    limit = 12.0 + REST
    once = "camera"
    order: ClassVar[str]

    def inject(self, lab: Lab) -> None:
        lab.camera.order(**{self.order: self.lasts})

    def heal(self, lab: Lab) -> None:
        """It ends by itself."""
        del lab


class CameraSilence(_Whole):
    name = "camera: cable out"
    order = "silence"
    hold = (0.5, 6.0)


class CameraStall(_Whole):
    name = "camera: pictures pause"
    order = "stall"
    hold = (0.5, 6.0)


class CameraReboot(_Whole):
    name = "camera: reboot"
    order = "reboot"
    hold = (0.5, 4.0)


class CameraPlug(Fault):
    name = "camera: plug pulled"
    hold = (0.5, 5.0)
    limit = 14.0 + REST
    once = "camera"

    def inject(self, lab: Lab) -> None:
        lab.camera.kill()

    def heal(self, lab: Lab) -> None:
        lab.camera.start()


class CameraMoves(CameraPlug):
    name = "camera: another address"
    needs = frozenset({"hosts"})

    def heal(self, lab: Lab) -> None:
        lab.camera.host = f"127.0.0.{self.chance.randint(2, 250)}"
        lab.write_hosts(lab.camera.host)
        lab.camera.start()


class CameraRefuses(Fault):
    name = "camera: reboots and refuses at first"
    hold = (0.5, 4.0)
    limit = 14.0 + 2 * REST
    once = "camera"

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self.refusals = self.chance.randint(1, 6)

    def inject(self, lab: Lab) -> None:
        lab.camera.order(refusals=self.refusals)
        lab.camera.order(reboot=0.2)

    def heal(self, lab: Lab) -> None:
        lab.camera.order(refusals=0)


ALL = (
    CameraLoss,
    CameraBurst,
    CameraReorder,
    CameraRepeat,
    CameraGarbage,
    CameraMixed,
    CameraNothingWhole,
    CameraSilence,
    CameraStall,
    CameraReboot,
    CameraPlug,
    CameraMoves,
    CameraRefuses,
)
