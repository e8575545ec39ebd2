"""The report of replays: one HTML page that needs nothing else, to be opened in any browser."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

import cv2
import numpy as np

from agent import __version__
from agent.core.errors import ConfigError
from agent.core.event_payloads import sentence
from agent.core.messages import Detection
from agent.imaging.heatmap import draw
from agent.imaging.jpeg import encode
from agent.runtime.extras import how_to_get
from agent.tuning.replay import MOST_PICTURES, Event, Pictures, Replay, Suppressed
from agent.tuning.results import clock
from agent.tuning.suggest import Suggestion, suggestions
from agent.tuning.sweep import Row, table_rows

try:
    from agent.tuning import plots
except ImportError as error:
    raise ConfigError(f"--report needs {error.name}: {how_to_get('report')}") from None

#: One report is read in one sitting; what is beyond is counted in words.
_MOST_CARDS = MOST_PICTURES


def page(replays: Sequence[tuple[Replay, Sequence[Row]]]) -> str:
    """The whole page, HTML5, self-contained.

    Args:
        replays: each clip's result with the rows of its sweep, if there was one.
    """
    template = Template(resources.files("agent.tuning").joinpath("report.html").read_text("utf-8"))
    events = sum(len(result.events) for result, _ in replays)
    seconds = sum(result.seconds for result, _ in replays)
    return template.substitute(
        title="What the detector saw",
        subtitle=f"{_many(len(replays), 'clip')}, {clock(seconds)}, {_many(events, 'event')}"
        f" · surveillance-agent {escape(__version__)}",
        clips="\n".join(_clip(result, rows) for result, rows in replays),
    )


def _clip(result: Replay, rows: Sequence[Row]) -> str:
    found = suggestions(result)
    return "\n".join(
        [
            f"<h2>{escape(Path(result.clip).name)}</h2>",  # not the path: it names its owner
            f'<p class="soft">{result.width}x{result.height}, {result.fps:g} frames/s,'
            f" {_many(result.frames, 'frame')}, {clock(result.seconds)}"
            + (f", {result.damaged} damaged" if result.damaged else "")
            + "</p>",
            _tiles(result),
            _panel("Score over time", plots.scores(result) if result.decisions else "no frame"),
            _sweep(rows),
            '<div class="columns">',
            _panel("Where motion was", _heat(result, found)),
            _panel("Suggestions", "".join(_suggestion(it) for it in found) or _NOTHING),
            "</div>",
            _cards("Events", [_event(n, it, found) for n, it in enumerate(result.events)]),
            _cards("Suppressed, and why", [_suppressed(it) for it in result.suppressed]),
            _panel("Settings of this replay", _settings(result)),
        ]
    )


_NOTHING = (
    '<p class="soft">None: no spot fired again and again by itself, and no gap between weak'
    " events and the others was found. That is how it should be.</p>"
)


def _tiles(result: Replay) -> str:
    tiles = [
        ("motion", str(len(result.events)), "events"),
        ("motion", clock(result.event_seconds), "with an event"),
        ("", str(len(result.decisions)), "frames judged"),
        ("", str(result.motion_frames), "frames with motion"),
        ("suppressed", str(len(result.suppressed)), "spans suppressed"),
    ]
    cells = "".join(f'<div class="tile {k}"><b>{v}</b><span>{t}</span></div>' for k, v, t in tiles)
    return f'<div class="tiles">{cells}</div>'


def _sweep(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    head, *lines = table_rows(rows)
    cells = "".join(f"<th>{escape(it)}</th>" for it in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(it)}</td>" for it in line) + "</tr>" for line in lines
    )
    return _panel(
        "What other values would have done",
        f"{plots.timelines(rows)}<table><tr>{cells}</tr>{body}</table>",
    )


def _heat(result: Replay, found: Sequence[Suggestion]) -> str:
    scene = None
    if result.scene:
        scene = cv2.imdecode(np.frombuffer(result.scene, np.uint8), cv2.IMREAD_COLOR)
    picture = encode(draw(result.heat, None if scene is None else scene.astype(np.uint8)), 85)
    polygons = "".join(
        f'<polygon points="{" ".join(f"{x * 100:g},{y * 100:g}" for x, y in it.polygon)}"'
        ' fill="none" stroke="#fff" stroke-width="2" stroke-dasharray="6 4"'
        ' vector-effect="non-scaling-stroke"/>'
        for it in found
        if it.polygon
    )
    over = (
        f'<svg class="over" viewBox="0 0 100 100" preserveAspectRatio="none">{polygons}</svg>'
        if polygons
        else ""
    )
    note = "Brighter: more often. " + ("Dashed: the suggested zone." if polygons else "")
    return (
        f'<div class="shot">{_image("jpeg", picture, "heat map")}{over}</div>'
        f'<p class="soft" style="margin:8px 0 0">{note}</p>'
    )


def _suggestion(suggestion: Suggestion) -> str:
    hidden = ", ".join(str(index + 1) for index in suggestion.hides)
    return (
        f"<p><b>{escape(suggestion.title)}.</b> {escape(suggestion.reason)}</p>"
        f'<p class="soft">It would hide events {hidden}: look at their pictures first.'
        " Below the camera in the configuration:</p>"
        f"<pre>{escape(suggestion.yaml)}</pre>"
    )


def _event(index: int, event: Event, found: Sequence[Suggestion]) -> str:
    title = f"{index + 1}. {clock(event.start)} to {clock(event.end)}"
    notes = [it.title for it in found if index in it.hides]
    hidden = (
        f'<br><span class="soft">Suggestion: {escape("; ".join(notes))}</span>' if notes else ""
    )
    if event.named is not None:
        title += f": {event.named.label.value}"
    return _card("event", title, event.peak, event.pictures, hidden)


def _suppressed(span: Suppressed) -> str:
    title = f"{clock(span.t)}, {_many(span.count, 'frame')}: {_words(span.detection)}"
    return _card("suppressed", title, span.detection, span.pictures, "")


def _card(kind: str, title: str, detection: Detection, pictures: Pictures | None, more: str) -> str:
    zone = "" if detection.zone is None else f'<span class="badge">{escape(detection.zone)}</span>'
    text = f"{zone}<b>{escape(title)}</b><br>{escape(sentence(detection))}{more}"
    return (
        f'<div class="card {kind}">{_pair(detection, pictures)}<div class="text">{text}</div></div>'
    )


def _pair(detection: Detection, pictures: Pictures | None) -> str:
    """The scene with the box, and next to it the changed pixels."""
    if pictures is None:
        return '<div class="none">no picture kept</div>'
    box = ""
    if detection.box is not None:
        x, y, width, height = (100 * it for it in detection.box)
        place = f"left:{x:.2f}%;top:{y:.2f}%;width:{width:.2f}%;height:{height:.2f}%"
        box = f'<i style="{place}"></i>'
    scene = _image("jpeg", pictures.scene, "scene")
    binary = _image("png", pictures.binary, "changed pixels")
    return (
        f'<div class="pair"><div class="shot">{scene}{box}</div>'
        f'<div class="shot">{binary}</div></div>'
    )


def _cards(title: str, cards: Sequence[str]) -> str:
    if not cards:
        return _panel(title, '<p class="soft">None.</p>')
    left = len(cards) - _MOST_CARDS
    more = f'<p class="soft">and {left} more</p>' if left > 0 else ""
    return _panel(title, f'<div class="cards">{"".join(cards[:_MOST_CARDS])}</div>{more}')


def _settings(result: Replay) -> str:
    camera = result.camera
    shown = {
        **{f"detection.{k}": v for k, v in camera.detection.used().items()},
        "recording.post_frames": camera.recording.post_frames,
        "max_event_seconds": camera.max_event_seconds,
        "analysis_fps": camera.analysis_fps,
        "mask": camera.mask or "none",
        "zones": ", ".join(camera.zones) or "none",
        "privacy": _many(len(camera.privacy), "polygon"),
    }
    items = "".join(
        f"<span>{escape(key)} <code>{escape(str(value))}</code></span>"
        for key, value in shown.items()
    )
    return f'<div class="settings">{items}</div>'


def _panel(title: str, content: str) -> str:
    return f'<section class="panel"><h3>{escape(title)}</h3>{content}</section>'


def _image(kind: str, data: bytes, text: str) -> str:
    encoded = base64.b64encode(data).decode()
    return f'<img alt="{escape(text)}" src="data:image/{kind};base64,{encoded}">'


def _words(detection: Detection) -> str:
    return detection.reason.value.replace("_", " ")


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
