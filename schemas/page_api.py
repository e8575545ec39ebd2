"""The page's JSON interface as an OpenAPI document, out of its models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic.json_schema import models_json_schema

from schemas import first_start, page
from schemas.base import Strict

#: Version of the interface: the major one is the payloads' `v`.
VERSION = "1.0.0"
CAMERA = "/api/cameras/{camera}"
DAY = CAMERA + "/days/{day}"
EVENT = DAY + "/events/{event}"


class Route(NamedTuple):
    """One request: what it takes and gives; `kind` is the content type where it is no model."""

    method: str
    path: str
    about: str
    takes: type[Strict] | None = None
    gives: type[Strict] | None = None
    kind: str = "application/json"


ROUTES = (
    Route("get", "/api/state", "Everything of now", None, page.PageState),
    Route(
        "get",
        "/api/live",
        "The same as server-sent events: `state` when it changes, `score` with `?scores=CAMERA`",
        kind="text/event-stream",
    ),
    Route(
        "get",
        f"{CAMERA}/picture",
        "The next picture; `?overlay=1` draws what is looked at, `?after=` the last X-Picture",
        kind="image/jpeg",
    ),
    Route("get", f"{CAMERA}/last", "The last picture that is known, or 204", kind="image/jpeg"),
    Route("post", f"{CAMERA}/settings", "Change settings", page.SettingsOrder, page.Answer),
    Route("post", f"{CAMERA}/snapshot", "Take a picture", None, page.Answer),
    Route("post", f"{CAMERA}/snooze", "Be quiet for a while", page.SnoozeOrder, page.Answer),
    Route("post", f"{CAMERA}/record", "Record a clip", page.RecordOrder, page.Answer),
    Route("get", f"{CAMERA}/days", "Days with recordings", None, page.Days),
    Route("get", DAY, "Everything of one day", None, page.DayView),
    Route("get", f"{CAMERA}/why", "Why there was (no) event, `?at=` ISO time", None, page.Why),
    Route("post", f"{EVENT}/keep", "Spare its files", page.KeepOrder, page.Answer),
    Route("post", f"{EVENT}/false-alarm", "Mark a false alarm", page.FalseAlarm, page.Answer),
    Route("post", f"{EVENT}/wrong-label", "Mark a wrong label", page.WrongLabel, page.Answer),
    Route(
        "get", EVENT + "/files/{kind}", "clip, best, n-2, n-1, n or delta; ranges", kind="video/mp4"
    ),
    Route("get", DAY + "/films/{part}", "A part of the day's film; ranges", kind="video/mp4"),
    Route("get", f"{CAMERA}/aim", "What is looked at", None, page.AimView),
    Route("post", f"{CAMERA}/aim", "Put another aim in force", page.Aim, page.Answer),
    Route("delete", f"{CAMERA}/aim", "Back to the configuration", None, page.Answer),
    Route("post", f"{CAMERA}/aim/check", "What an aim would be", page.Aim, page.AimView),
    Route("post", f"{CAMERA}/trials", "Judge a day's clips again", page.Trial, page.JobView),
    Route("get", "/api/trials/{trial}", "How far it is", None, page.JobView),
    Route("delete", "/api/trials/{trial}", "Cancel it", None, page.JobView),
    Route("get", "/api/setup", "First start, only in the demo", None, first_start.SetupView),
    Route("post", "/api/setup/search", "Cameras of the UDP family", None, first_start.CamerasFound),
    Route(
        "post",
        "/api/setup/guess",
        "Usual streams of a host of the own network",
        first_start.Guess,
        first_start.CamerasFound,
    ),
    Route(
        "post",
        "/api/setup/camera",
        "A picture of a camera",
        first_start.CameraTry,
        first_start.Tried,
    ),
    Route(
        "post", "/api/setup/broker", "Log in at a broker", first_start.BrokerTry, first_start.Tried
    ),
    Route("post", "/api/setup/store", "Look at a folder", first_start.StoreTry, first_start.Tried),
    Route(
        "post",
        "/api/setup/write",
        "Write the configuration",
        first_start.FirstConfig,
        first_start.Written,
    ),
    Route("post", "/api/setup/start", "Start with it", None, page.Answer),
    Route("post", "/api/logout", "End the session"),
)


def document() -> dict[str, Any]:
    """The whole document."""
    models = {model for route in ROUTES for model in (route.takes, route.gives) if model}
    ordered = sorted(models, key=lambda model: model.__name__)
    template = "#/components/schemas/{model}"
    _, schema = models_json_schema(
        [(model, "serialization") for model in ordered], ref_template=template
    )
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Surveillance agent: page", "version": VERSION},
        "security": [{"token": []}, {"cookie": []}],
        "paths": paths,
        "components": {
            "schemas": schema.get("$defs", {}),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "surveillance_page_8655"},
            },
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    content: dict[str, Any] = {route.kind: {"schema": _schema(route.gives)}}
    operation: dict[str, Any] = {
        "summary": route.about,
        "parameters": list(_parameters(route.path)),
        "responses": {"200": {"description": "what was asked for", "content": content}},
    }
    if route.takes is not None:
        body = {"application/json": {"schema": _schema(route.takes)}}
        operation["requestBody"] = {"required": True, "content": body}
    return operation


def _parameters(path: str) -> Iterator[dict[str, Any]]:
    for part in path.split("/"):
        if part.startswith("{"):
            name = part.strip("{}")
            yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _schema(model: type[Strict] | None) -> dict[str, str]:
    return {} if model is None else {"$ref": f"#/components/schemas/{model.__name__}"}
