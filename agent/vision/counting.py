"""What the vision worker counts of judged frames."""

from __future__ import annotations

from agent.core.messages import SUPPRESSING, Detection, Reason
from agent.core.stats import VisionStats

#: Weight of the newest frame in the moving average of the cost.
_NEWEST = 0.1
#: Reasons that are no verdict, as health says them.
UNDECIDED = {
    Reason.DAMAGED: "they are damaged",
    Reason.WARMING_UP: "the detector still learns the scene",
}


def count_damaged(stats: VisionStats) -> None:
    """A frame that cannot be decoded."""
    stats.damaged += 1
    stats.undecided = UNDECIDED[Reason.DAMAGED]


def count_judged(
    stats: VisionStats, detection: Detection, cost: float, size: tuple[int, int]
) -> None:
    """A judged frame; `cost` in seconds of thread CPU time, `size` is its height and width."""
    average = stats.cpu_per_judged
    stats.cpu_per_judged = average + _NEWEST * (cost - average) if stats.judged else cost
    stats.undecided = UNDECIDED.get(detection.reason, "")
    stats.judged += not stats.undecided
    stats.detections += detection.motion
    stats.suppressed += detection.reason in SUPPRESSING
    stats.last_score = detection.score
    stats.height, stats.width = size
    stats.problem = ""
