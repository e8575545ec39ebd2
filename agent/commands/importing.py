"""`surveillance-agent import PROGRAM FILE`: another program's configuration as ours."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from agent.migration import frigate, motion
from agent.migration.outcome import Outcome
from agent.migration.reading import motion_files, yaml_file
from agent.migration.schema_filter import settle
from agent.migration.writing import lines, written
from agent.runtime.redaction import hide_url

PROGRAMS = ("motion", "motioneye", "frigate")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which program, its file, and where ours goes."""
    parser.add_argument("program", choices=PROGRAMS, help="whose configuration it is")
    words = "its configuration: motion.conf, /etc/motioneye/motion.conf, or Frigate's config.yml"
    parser.add_argument("file", type=Path, metavar="FILE", help=words)
    words = "where the result goes; default: config.yaml here; never overwritten"
    parser.add_argument(
        "--output", type=Path, metavar="FILE", default=Path("config.yaml"), help=words
    )


def run(
    arguments: argparse.Namespace, environ: Mapping[str, str], say: Callable[[str], None]
) -> int:
    """Writes the configuration, and says what is in it and what is not.

    Raises:
        ConfigError: the file cannot be read or is of another program, nothing of it can be carried
            over, or the result cannot be written.
    """
    outcome = _imported(arguments.program, arguments.file, environ)
    for camera in outcome.tree["cameras"].values():
        hide_url(camera["source"])
        hide_url(camera.get("record_source") or "")
    files = settle(outcome, arguments.file.parent)
    for path in written(outcome, files, arguments.program, arguments.output):
        say(f"written: {path}")
    for name, camera in outcome.tree["cameras"].items():
        keys = ", ".join(key for key in camera if key not in {"name", "source"})
        say(f"camera {name}: source{', ' if keys else ''}{keys}")
    for line in lines(outcome):
        say(line)
    say(f"next: surveillance-agent check-config --config {arguments.output}")
    return 0


def _imported(program: str, file: Path, environ: Mapping[str, str]) -> Outcome:
    if program == "frigate":
        return frigate.imported(yaml_file(file), environ)
    return motion.imported(*motion_files(file))
