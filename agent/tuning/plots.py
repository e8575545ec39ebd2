"""The plots of a report, as SVG text. The only module that needs matplotlib."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from agent.tuning.replay import Replay, undecided
from agent.tuning.results import clock
from agent.tuning.sweep import Row

#: Colours that people with any colour vision tell apart (Okabe and Ito, 2008).
MOTION, SUPPRESSED, QUIET, LIMIT = "#d55e00", "#cc79a7", "#0072b2", "#555555"
#: More points than pixels help nobody: the largest score of each pixel's time is drawn.
_MOST_POINTS = 1600
#: Scores are drawn on a logarithmic axis from here on, percent; below is nothing worth seeing.
_FLOOR = 0.003
_WIDTH = 11.0  # inches; the page scales it

Times = npt.NDArray[np.float64]


def scores(result: Replay) -> str:
    """The score over time, with thresholds, events and what was suppressed."""
    figure, axes = _figure(3.3)
    least, most = _limits(result)
    times, values = _series(result)
    top = max((most or 0.0) * 1.6, float(values.max(initial=0.0)) * 1.6, least * 4)
    for event in result.events:
        span = (event.start, max(event.end, event.start + 0.1))
        label = "event" if event is result.events[0] else None
        axes.axvspan(*span, color=MOTION, alpha=0.13, lw=0, label=label)
    axes.fill_between(times, _FLOOR, values, step="mid", color=QUIET, alpha=0.22, lw=0)
    axes.plot(times, values, drawstyle="steps-mid", color=QUIET, lw=0.9)
    hits = [it for it in result.decisions if it.detection.motion]
    axes.plot(
        [it.t for it in hits],
        [max(_FLOOR, it.detection.score) for it in hits],
        ".",
        color=MOTION,
        ms=4,
        label="frames with motion",
    )
    if result.suppressed:
        axes.plot(
            [it.t for it in result.suppressed],
            [max(_FLOOR, it.detection.score) for it in result.suppressed],
            "v",
            color=SUPPRESSED,
            ms=7,
            label="suppressed",
        )
    _limit(axes, least, "min_changed")
    if most is not None:
        _limit(axes, most, "max_changed")
    axes.set_yscale("log")
    axes.set_ylim(_FLOOR, min(top, 130))
    axes.yaxis.set_major_locator(LogLocator(10, numticks=8))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _at: f"{value:g} %"))
    axes.set_ylabel("changed pixels")
    _time_axis(axes, result.seconds)
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1.0), fontsize=8, frameon=False, ncols=3, borderpad=0
    )
    return _svg(figure)


def _limit(axes: Axes, value: float, name: str) -> None:
    """A dashed line with its name at the right end."""
    axes.axhline(value, color=LIMIT, lw=0.9, ls=(0, (5, 4)))
    axes.annotate(
        f"{name} {value:g} %",
        (0.995, value),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="right",
        color=LIMIT,
        fontsize=8,
        bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 0.8},
    )


def timelines(rows: Sequence[Row]) -> str:
    """When each value of a sweep would have seen an event."""
    figure, axes = _figure(0.7 + 0.28 * len(rows))
    for line, row in enumerate(rows):
        events = row.result.events
        spans = [(it.start, max(0.2, it.end - it.start)) for it in events]
        axes.broken_barh(spans, (line - 0.32, 0.64), facecolors=MOTION, alpha=0.75)
    axes.set_yticks(range(len(rows)), [row.name for row in rows], fontsize=8)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    _time_axis(axes, max(row.result.seconds for row in rows))
    return _svg(figure)


def _limits(result: Replay) -> tuple[float, float | None]:
    """The limits that held for most frames: those of the camera; None: there is no maximum."""
    judged = [it.detection for it in result.decisions if not undecided(it.detection)]
    camera = [it for it in judged if it.zone is None] or judged
    if not camera:
        return result.camera.detection.min_changed, None
    return camera[-1].min_changed, camera[-1].max_changed


def _series(result: Replay) -> tuple[Times, Times]:
    """Times and scores, at most `_MOST_POINTS`, each the largest of its span."""
    times = np.array([it.t for it in result.decisions])
    values = np.maximum([it.detection.score for it in result.decisions], _FLOOR)
    if len(times) <= _MOST_POINTS:
        return times, values
    size = -(-len(times) // _MOST_POINTS)
    starts = np.arange(0, len(times), size)
    return times[starts], np.maximum.reduceat(values, starts)


def _figure(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    axes.grid(visible=True, axis="x", color="#000000", alpha=0.07)
    axes.margins(x=0)
    return figure, axes


def _time_axis(axes: Axes, seconds: float) -> None:
    axes.set_xlim(0, max(seconds, 0.1))
    axes.xaxis.set_major_locator(MaxNLocator(12, steps=[1, 2, 3, 6, 10]))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _at: clock(value).removesuffix(".0"))
    )


def _svg(figure: Figure) -> str:
    """The figure as an element of a page: text stays text, no prologue."""
    out = io.StringIO()
    # a salt of its own and no date: the same replay gives the same bytes
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "report"}):
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    return re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
