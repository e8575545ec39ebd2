"""The configuration reference as Markdown, out of the models, so that it cannot lag behind them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemas.config import Config
from schemas.sizes import ByteCount

HEAD = """# Configuration

`schemas.tools.export` generates this page from `schemas/config.py` and `camera_config.py`. Do not
edit it.

The configuration is a YAML file. The agent takes the first of these:

1. `--config FILE`
2. `$SURVEILLANCE_CONFIG`
3. `./config.yaml`
4. `/etc/surveillance-agent/config.yaml`

A relative path counts from the folder of this file. In an environment variable it counts from the
working folder.

Every key is also an environment variable, and the variable wins: `mqtt.host` is
`SURVEILLANCE_MQTT__HOST`. An empty variable gives its key the default.

`surveillance-agent check-config` prints what is set and where (`--all`: with defaults), or every
mistake with its line. Sizes look like `500 MiB`; a small number needs its unit.

| key | allowed | default | meaning |
|---|---|---|---|
"""


def configuration() -> str:
    """The page `docs/reference/configuration.md`."""
    schema = Config.model_json_schema()
    rows = [
        f"| `{key}` | {_allowed(field)} | {_default(field, required=needed)} | {_meaning(field)} |"
        for key, field, needed in _keys(schema, schema["$defs"], "", required=False)
    ]
    return HEAD + "\n".join(rows) + "\n"


def _keys(
    field: dict[str, Any], defs: dict[str, Any], key: str, *, required: bool
) -> Iterator[tuple[str, dict[str, Any], bool]]:
    below = _resolved(field, defs)
    if "properties" in below:
        needed = below.get("required", [])
        for name, inner in below["properties"].items():
            path = f"{key}.{name}" if key else name
            yield from _keys(inner, defs, path, required=name in needed)
    elif below.get("type") == "object":  # named entries: the cameras
        (entry,) = below["patternProperties"].values()
        yield from _keys(entry, defs, f"{key}.<id>", required=False)
    else:
        yield key, field, required
        if key == "schedule":  # a camera's own has the same keys
            yield from _keys(field["items"], defs, f"{key}[]", required=False)


def _resolved(field: dict[str, Any], defs: dict[str, Any]) -> dict[str, Any]:
    for option in (field, *field.get("anyOf", []), *field.get("allOf", [])):
        if "$ref" in option:
            found: dict[str, Any] = defs[option["$ref"].rsplit("/", 1)[1]]
            return found
    return field


def _allowed(field: dict[str, Any]) -> str:
    options = [o for o in field.get("anyOf", [field]) if o.get("type") != "null"]
    return " or ".join(_one(option) for option in options)


def _one(option: dict[str, Any]) -> str:
    if "enum" in option:
        return ", ".join(f"`{value}`" for value in option["enum"])
    if option.get("format") == "size":
        return "size"
    if option["type"] == "array":
        if "$ref" in option["items"]:
            return "list of times, see `schedule[]`"
        if "enum" in option["items"]:
            return "list of " + ", ".join(f"`{value}`" for value in option["items"]["enum"])
        if option["items"].get("type") == "string":
            return "list of texts"
        return "list of `[x, y]`" if option.get("minItems") else "list of lists of `[x, y]`"
    kind = {
        "boolean": "`true`, `false`",
        "integer": "whole number",
        "number": "number",
        "string": {"path": "path", "password": "secret"}.get(option.get("format", ""), "text"),
    }[option["type"]]
    low = option.get("minimum", option.get("exclusiveMinimum"))
    high = option.get("maximum")
    if low is not None and high is not None:
        above = "above " if "exclusiveMinimum" in option else ""
        return f"{kind}, {above}{low:g} to {high:g}"
    return kind


def _default(field: dict[str, Any], *, required: bool) -> str:
    if required:
        return "required"
    value = field.get("default")
    if field.get("type") == "array" and value and "enum" in field["items"]:
        return "all"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{ByteCount(value) if field.get('format') == 'size' else value}`"


def _meaning(field: dict[str, Any]) -> str:
    text: str = field.get("description", "")
    return text
