"""A straight line through measurements, with how sure its slope is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: Of the normal distribution, 95 %: the laboratory has hundreds of measurements.
_TWO_SIDED = 1.96


@dataclass(frozen=True)
class Slope:
    """Growth per hour: most likely, and the limits of its 95 % confidence interval."""

    per_hour: float
    least: float
    most: float

    @property
    def is_flat(self) -> bool:
        """No growth that could be told from none."""
        return self.least <= 0.0


def slope_of(seconds: Sequence[float], values: Sequence[float]) -> Slope:
    """The slope by least squares.

    Measurements that follow each other are alike, so that there are fewer than it seems: the
    interval is widened by the correlation of neighbouring residuals (effective sample size).
    """
    x, y = np.asarray(seconds) / 3600.0, np.asarray(values, dtype=float)
    x = x - x.mean()
    slope = float(x @ (y - y.mean()) / (x @ x))
    rest = y - y.mean() - slope * x
    power = float(rest @ rest)
    alike = float(rest[:-1] @ rest[1:]) / power if power > 0 else 0.0
    alike = min(max(alike, 0.0), 0.99)
    count = max(3.0, len(x) * (1 - alike) / (1 + alike))
    error = float(np.sqrt(power / len(x) / (count - 2) / (x @ x / len(x))))
    return Slope(slope, slope - _TWO_SIDED * error, slope + _TWO_SIDED * error)
