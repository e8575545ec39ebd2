"""`python -m schemas.export [--check]`: writes or compares JSON Schemas and reference pages."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from schemas import commands, config, events, reference, settings, state
from schemas.base import Strict

FOLDER = Path(__file__).parent / "json"
#: Present in a checkout only.
DOCS = Path(__file__).parent.parent / "docs"

MODELS: dict[str, type[Strict]] = {
    "agent_health": state.AgentHealth,
    "agent_info": state.AgentInfo,
    "agent_settings": settings.AgentSettings,
    "camera_health": state.CameraHealth,
    "camera_settings": settings.CameraSettings,
    "config": config.Config,
    "last_error": state.LastError,
    "motion_attributes": state.MotionAttributes,
    "motion_event": events.MotionEvent,
    "picture_meta": state.PictureMeta,
    "recording_event": events.RecordingEvent,
    "response": commands.Response,
    "stored_settings": settings.StoredSettings,
}


def rendered(name: str) -> str:
    """The JSON Schema of one message as it is committed."""
    schema = MODELS[name].model_json_schema(mode="serialization")
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def stale() -> list[str]:
    """Names whose committed schema differs from the model, or that have no model any more."""
    committed = {path.stem: path.read_text() for path in FOLDER.glob("*.json")}
    names = sorted(committed.keys() | MODELS.keys())
    found = [n for n in names if n not in MODELS or committed.get(n) != rendered(n)]
    page = DOCS / "configuration.md"
    if DOCS.is_dir() and (not page.exists() or page.read_text() != reference.configuration()):
        found.append(page.name)
    return found


def main(argv: list[str] | None = None) -> int:
    """Writes the schemas, or with --check says which are stale (exit 1)."""
    parser = argparse.ArgumentParser(prog="python -m schemas.export", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only")
    if parser.parse_args(argv).check:
        names = stale()
        if names:
            sys.stderr.write(f"stale: {', '.join(names)}; run python -m schemas.export\n")
        return 1 if names else 0
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.json"):
        path.unlink()
    for name in MODELS:
        (FOLDER / f"{name}.json").write_text(rendered(name))
    if DOCS.is_dir():
        (DOCS / "configuration.md").write_text(reference.configuration())
    return 0


if __name__ == "__main__":
    sys.exit(main())
