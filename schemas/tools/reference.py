"""The configuration reference as Markdown, out of the models, so that it cannot lag behind them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemas.config import Config
from schemas.sizes import ByteCount

HEAD = """# Configuration

Generated from `schemas/config.py`, `camera_config.py` by `schemas.tools.export`; do not edit.

YAML: `--config FILE`, else `$SURVEILLANCE_CONFIG`, else `./config.yaml`, else
`/etc/surveillance-agent/config.yaml`. Every key is also an environment variable, which wins:
`mqtt.host` is `SURVEILLANCE_MQTT__HOST`. `surveillance-agent check-config` prints what is set and
where (`--all`: defaults, too), or every mistake with its line. Sizes are written like `500 MiB`.

| key | allowed | default | meaning |
|---|---|---|---|
"""


def configuration() -> str:
    """The page `docs/configuration.md`."""
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
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{ByteCount(value) if field.get('format') == 'size' else value}`"


def _meaning(field: dict[str, Any]) -> str:
    text: str = field.get("description", "")
    return text
