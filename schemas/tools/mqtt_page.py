"""The generated parts of docs/reference/mqtt.md; what stands around them is written by hand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from schemas.base import Strict
from schemas.channels import ANSWERS, COMMANDS, EVENTS, FRAMES, PLACEHOLDERS, STATES, Channel
from schemas.settings import (
    AgentSettings,
    CameraSettings,
    allowed_text,
    limits,
    setting_names,
    show_value,
)

_MARKED = re.compile(r"(<!-- begin (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(page: str) -> str:
    """The page with every `<!-- begin NAME --> … <!-- end -->` filled again.

    Raises:
        KeyError: a name that nobody generates.
    """
    return _MARKED.sub(lambda found: f"{found[1]}\n{PARTS[found[2]]()}\n{found[3]}", page)


def _short(topic: str) -> str:
    """`<A>/health`, `<C>/motion/state`: as the page writes topics."""
    short = topic.replace("{base}/{agent}/{camera}", "<C>").replace("{base}/{agent}", "<A>")
    return re.sub(r"{(\w+)}", r"<\1>", short)


def _kind(channel: Channel) -> str:
    if channel.model is not None:
        name = channel.model.__name__
        return f"[`{name}`](#{name.lower()})" if not channel.command else _fields_of(channel.model)
    if channel.words == ("PRESS",):
        return "`PRESS`, or JSON with a `transaction`"
    if channel.words:
        return ", ".join(f"`{word}`" for word in channel.words)
    return {"image/jpeg": "JPEG", "image/png": "PNG"}.get(channel.media, "text")


def _fields_of(model: type[Strict]) -> str:
    names = [name for name in model.model_fields if name not in {"kind", "name"}]
    return "JSON: " + (", ".join(f"`{name}`" for name in names) or "`{}`")


def _topics(channels: Sequence[Channel]) -> str:
    rows = [
        f"| `{_short(c.topic)}` | {_kind(c)} | {'yes' if c.retained else 'never'} | {c.qos} |"
        f" {c.summary} |"
        for c in channels
    ]
    return "\n".join(["| topic | payload | retained | QoS | |", "|---|---|---|---|---|", *rows])


def _commands() -> str:
    rows = [f"| `{_short(c.topic)}` | {_kind(c)} | {c.summary} |" for c in COMMANDS]
    return "\n".join(["| topic | payload | |", "|---|---|---|", *rows])


def _settings() -> str:
    lines = ["| setting | allowed | default | |", "|---|---|---|---|"]
    for model, root in ((CameraSettings, "<C>"), (AgentSettings, "<A>")):
        for name in setting_names(model):
            schema = limits(model, name)
            shown = show_value(getattr(model(), name))
            text = schema.get("description", "")
            lines.append(f"| `{root}/{name}` | {allowed_text(model, name)} | {shown} | {text} |")
    return "\n".join(lines)


def _places() -> str:
    return "\n".join(f"- `<{name}>`: {text}" for name, text in PLACEHOLDERS.items())


def _payloads() -> str:
    models: dict[str, type[Strict]] = {}
    for channel in (*STATES, *EVENTS, *FRAMES, *ANSWERS):
        if channel.model is not None:
            models[channel.model.__name__] = channel.model
    return "\n\n".join(_table(name, model) for name, model in models.items())


def _table(name: str, model: type[Strict]) -> str:
    schema = model.model_json_schema(mode="serialization")
    lines = [f"### {name}", "", *_lines(schema, schema.get("$defs", {}), "")]
    head = ["| field | type | |", "|---|---|---|"]
    return "\n".join([*lines[:2], *head, *lines[2:]])


def _lines(schema: dict[str, Any], defs: dict[str, Any], prefix: str) -> list[str]:
    lines = []
    for name, field in schema.get("properties", {}).items():
        text = field.get("description", "").replace("|", "or")
        lines.append(f"| `{prefix}{name}` | {_type(field)} | {text} |")
        kinds = [option.get("$ref", "") for option in (field, *field.get("anyOf", ()))]
        inner = defs.get(max(kinds).rsplit("/", 1)[-1], {})
        lines += _lines(inner, defs, f"{prefix}{name}.")
    return lines


def _type(field: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_type(option) for option in field["anyOf"])
    if "enum" in field:
        return ", ".join(f"`{word}`" for word in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if "$ref" in field:
        return str(field["$ref"]).rsplit("/", 1)[-1]
    kind = str(field.get("type", "any"))
    return {"string": "time" if field.get("format") == "date-time" else "text"}.get(kind, kind)


PARTS = {
    "places": _places,
    "states": lambda: _topics(STATES),
    "events": lambda: _topics((*EVENTS, *FRAMES, *ANSWERS)),
    "commands": _commands,
    "settings": _settings,
    "payloads": _payloads,
}
