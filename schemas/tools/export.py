"""`python -m schemas.tools.export [--check]`: writes or compares schemas and reference pages."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from schemas import (
    commands,
    config,
    events,
    frames,
    modes,
    page_api,
    proposal,
    self_test,
    settings,
    state,
)
from schemas.base import Strict
from schemas.tools import asyncapi, mqtt_page, reference

FOLDER = Path(__file__).parents[1] / "json"
#: Present in a checkout only.
DOCS = Path(__file__).parents[2] / "docs" / "reference"

MODELS: dict[str, type[Strict]] = {
    "agent_health": state.AgentHealth,
    "agent_info": state.AgentInfo,
    "agent_settings": settings.AgentSettings,
    "camera_health": state.CameraHealth,
    "camera_settings": settings.CameraSettings,
    "config": config.Config,
    "frame_score": frames.FrameScore,
    "last_error": state.LastError,
    "motion_attributes": state.MotionAttributes,
    "motion_event": events.MotionEvent,
    "object_state": state.ObjectState,
    "picture_meta": state.PictureMeta,
    "recording_event": events.RecordingEvent,
    "response": commands.Response,
    "self_test_echo": self_test.SelfTestEcho,
    "self_test_result": self_test.SelfTestResult,
    "sound_event": events.SoundEvent,
    "proposal": proposal.Proposal,
    "store_anchor": state.StoreAnchor,
    "schedule_state": modes.ScheduleState,
    "snooze_state": modes.SnoozeState,
    "stored_modes": modes.StoredModes,
    "stored_settings": settings.StoredSettings,
}


#: Version of the interface: the major one is the payloads' `v`.
INTERFACE = "1.0.0"


def rendered(name: str) -> str:
    """The JSON Schema of one message as it is committed."""
    schema = MODELS[name].model_json_schema(mode="serialization")
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def schema_files() -> dict[str, str]:
    """Every file of the folder: its name without the ending, and its text."""
    texts = {name: rendered(name) for name in MODELS}
    texts["page_openapi"] = json.dumps(page_api.document(), indent=2, sort_keys=True) + "\n"
    texts["asyncapi"] = json.dumps(asyncapi.document(INTERFACE), indent=2) + "\n"
    return texts


def pages() -> dict[Path, str]:
    """The generated pages, as far as the checkout has them."""
    if not DOCS.is_dir():
        return {}
    texts = {DOCS / "configuration.md": reference.configuration()}
    by_hand = DOCS / "mqtt.md"
    if by_hand.exists():
        texts[by_hand] = mqtt_page.filled(by_hand.read_text())
    return texts


def stale() -> list[str]:
    """Committed schemas and pages that differ from the models, or have no model any more."""
    committed = {path.stem: path.read_text() for path in FOLDER.glob("*.json")}
    wanted = schema_files()
    names = sorted(committed.keys() | wanted.keys())
    found = [name for name in names if committed.get(name) != wanted.get(name)]
    return found + [
        p.name for p, text in pages().items() if not p.exists() or p.read_text() != text
    ]


def main(argv: list[str] | None = None) -> int:
    """Writes the schemas, or with --check says which are stale (exit 1)."""
    parser = argparse.ArgumentParser(prog="python -m schemas.tools.export", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only")
    if parser.parse_args(argv).check:
        names = stale()
        if names:
            sys.stderr.write(f"stale: {', '.join(names)}; run python -m schemas.tools.export\n")
        return 1 if names else 0
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.json"):
        path.unlink()
    for name, text in schema_files().items():
        (FOLDER / f"{name}.json").write_text(text)
    for page, text in pages().items():
        page.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
