"""The AsyncAPI 3 document: every topic and payload in the form that generators and viewers read."""

from __future__ import annotations

import re
from typing import Any

from schemas import channels
from schemas.base import Strict
from schemas.channels import CHANNELS, Channel

_PLACE = re.compile(r"{(\w+)}")


def document(version: str) -> dict[str, Any]:
    """The document as a value for `json.dumps`.

    Args:
        version: of the interface, not of the program: the payloads' field `v`.
    """
    schemas: dict[str, Any] = {}
    for channel in CHANNELS:
        if channel.model is not None:
            schemas.update(_schemas(channel.model, command=channel.command))
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Surveillance agent",
            "version": version,
            "description": "What the agent says and hears over MQTT. Generated: do not edit.",
        },
        "defaultContentType": "application/json",
        "servers": {"broker": {"host": "localhost:1883", "protocol": "mqtt"}},
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": {channel.name: _operation(channel) for channel in CHANNELS},
        "components": {"schemas": schemas},
    }


def _schemas(model: type[Strict], *, command: bool) -> dict[str, Any]:
    """The model and what it refers to, under their class names."""
    mode = "validation" if command else "serialization"
    template = "#/components/schemas/{model}"
    schema = model.model_json_schema(mode=mode, ref_template=template)  # type: ignore[arg-type]  # a literal
    inner: dict[str, Any] = schema.pop("$defs", {})
    return {**inner, model.__name__: request_schema(schema) if command else schema}


def request_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """A command's schema as it travels: the topic says the kind, a transaction may be added."""
    properties = {name: of for name, of in schema["properties"].items() if name != "kind"}
    if schema["title"] == "SetSetting":  # `request/arm` knows the setting's name
        del properties["name"]
    properties["transaction"] = {
        "anyOf": [{"type": "string", "maxLength": 100}, {"type": "integer"}],
        "description": "copied into the answer",
    }
    # The camera may be left out where there is one only.
    required = [n for n in schema.get("required", []) if n in properties and n != "camera"]
    return {**schema, "properties": properties, "required": required}


def _channel(channel: Channel) -> dict[str, Any]:
    places = _PLACE.findall(channel.topic)
    return {
        "address": channel.topic,
        "description": channel.summary,
        "parameters": {
            name: {"description": channels.PLACEHOLDERS[name].replace("`", "")} for name in places
        },
        "messages": {channel.name: {"contentType": channel.media, "payload": _payload(channel)}},
    }


def _payload(channel: Channel) -> dict[str, Any]:
    if channel.model is not None:
        return {"$ref": f"#/components/schemas/{channel.model.__name__}"}
    if channel.words:
        return {"type": "string", "enum": list(channel.words)}
    if channel.media.startswith("image/"):
        return {"type": "string", "format": "binary", "contentMediaType": channel.media}
    return {"type": "string"}


def _operation(channel: Channel) -> dict[str, Any]:
    binding = {"qos": channel.qos, "retain": channel.retained, "bindingVersion": "0.2.0"}
    return {
        "action": "receive" if channel.command else "send",
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "summary": channel.summary,
        "bindings": {"mqtt": binding},
    }
