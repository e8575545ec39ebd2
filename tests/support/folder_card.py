"""How Advanced Camera Card reads a tree of media, in Python.

Written from what its source does (version 8.0.0-rc.2: folders' schema, matcher and parser): each
step of a path takes the folders or files of one level. Its parsers read a date out of the title,
on top of the date of the folder above. Then its matchers say what stays. All steps but the last
take folders only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

#: Tokens of date-fns that the page uses -> those of Python.
_TOKENS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}


@dataclass(frozen=True, slots=True)
class Shown:
    """An item of the card: its path, and when the card thinks that it began."""

    path: Path
    began: datetime | None


def items(folder: Mapping[str, Any], media: Path, now: datetime) -> list[Shown]:
    """What the card shows of one `folders` entry.

    Args:
        folder: as in the card's YAML.
        media: the media source `local`.
        now: local time of the browser.
    """
    first, *steps = folder["ha"]["path"]
    source, _, where = first["id"].removeprefix("media-source://").partition("/")
    assert source == "media_source"
    shown = [Shown(media / where.removeprefix("local/"), None)]
    for number, step in enumerate(steps, 1):
        last = number == len(steps)
        shown = [item for above in shown for item in _level(above, step, now, folders=not last)]
    return shown


def _level(
    above: Shown, step: Mapping[str, Any], now: datetime, *, folders: bool
) -> Iterator[Shown]:
    for path in sorted(above.path.iterdir()):
        if path.name.startswith(".") or (folders and not path.is_dir()):
            continue  # Home Assistant hides the first, the card skips the second
        item = Shown(path, _parsed(path.name, step.get("parsers", ()), above.began, now))
        if all(_matches(item, matcher, now) for matcher in step.get("matchers", ())):
            yield item


def _parsed(
    title: str, parsers: Sequence[Mapping[str, str]], began: datetime | None, now: datetime
) -> datetime | None:
    for parser in parsers:
        text = _extract(parser["regexp"], title) if "regexp" in parser else title
        if text:
            began = _date(text, parser["format"], began or now)
    return began


def _date(text: str, pattern: str, base: datetime) -> datetime | None:
    """date-fns' `parse`: what the format has not is the base's, or zero below what it has."""
    try:
        read = datetime.strptime(text, re.sub("yyyy|MM|dd|HH|mm|ss", _token, pattern))  # noqa: DTZ007
    except ValueError:
        return None
    if "HH" in pattern and "dd" not in pattern:
        return read.replace(year=base.year, month=base.month, day=base.day)
    return read


def _token(match: re.Match[str]) -> str:
    return _TOKENS[match[0]]


def _extract(pattern: str, title: str) -> str | None:
    match = re.search(pattern, title)
    return None if match is None else match.groupdict().get("value") or match[0]


def _matches(item: Shown, matcher: Mapping[str, Any], now: datetime) -> bool:
    if matcher["type"] == "date":
        return item.began is not None and item.began >= now - timedelta(**matcher["since"])
    assert matcher["type"] == "title"
    text = _extract(matcher["regexp"], item.path.name) if "regexp" in matcher else item.path.name
    return bool(text) and matcher.get("title", text) == text
