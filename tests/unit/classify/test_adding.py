"""`model add` with what people and networks give it: an error that names the file, and no more."""

from __future__ import annotations

import hashlib
import os
import random
import resource
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from agent.classify import adding, model_files
from agent.classify.adding import add_model
from agent.classify.model_files import KNOWN
from agent.core.errors import ConfigError
from agent.runtime.clock import SystemClock
from tests.support.stand_in_network import garbage

CONTENT = garbage(20_000)


def refused(path: Path, why: str = r"own\.whl: |none of these") -> None:
    """It is not taken, and leaves nothing."""
    with pytest.raises(ConfigError, match=why):
        add_model([path], path.parent / "models", SystemClock(), print)
    assert not list((path.parent / "models").glob("*"))


def wheel(path: Path, *contents: bytes, packed: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packed) as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"a/{number}.onnx", content)
    return path


@pytest.mark.parametrize("name", ["own.onnx", "own.whl"])
def test_a_pipe_a_folder_or_nothing_keeps_nobody_waiting(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    refused(path, f"{name}: No such file")
    path.mkdir()
    refused(path, f"{name}: Is a directory")
    path.rmdir()
    os.mkfifo(path)
    refused(path, f"{name}: is no regular file")


@pytest.mark.parametrize("packed", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_damaged_wheel_is_an_error_wherever_it_is_damaged(tmp_path: Path, packed: int) -> None:
    whole = wheel(tmp_path / "own.whl", CONTENT, packed=packed).read_bytes()
    chance = random.Random(5)
    for _ in range(100):
        data = bytearray(whole)
        begin = chance.choice((0, 30, len(data) - 120))
        for _ in range(chance.choice((1, 2, 20))):
            data[min(begin + chance.randrange(120), len(data) - 1)] = chance.randrange(256)
        (tmp_path / "own.whl").write_bytes(data)
        refused(tmp_path / "own.whl")
        (tmp_path / "own.whl").write_bytes(whole[: chance.randrange(len(whole))])
        refused(tmp_path / "own.whl")


def test_a_wheel_that_unpacks_to_more_than_fits_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adding, "_MOST_UNPACKED", 2**20)
    bomb = wheel(tmp_path / "bomb.whl", *(bytes(2**19) for _ in range(3)))
    assert bomb.stat().st_size < 2**12
    refused(bomb, r"bomb\.whl: has more than 1 MiB of such files in it")


def test_what_does_not_run_here_is_not_put_into_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = KNOWN[0]
    file = replace(known.files[0], sha256=hashlib.sha256(CONTENT).hexdigest())
    for module in (adding, model_files):
        monkeypatch.setattr(module, "KNOWN", (replace(known, files=(file,)),))
    (tmp_path / "own.onnx").write_bytes(CONTENT)
    refused(tmp_path / "own.onnx", r"models/yolox_nano\.onnx: OpenCV cannot read it")


def test_on_a_full_disk_it_says_so_and_what_was_there_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = replace(KNOWN[0].files[0], sha256=hashlib.sha256(CONTENT).hexdigest())
    for module in (adding, model_files):
        monkeypatch.setattr(module, "KNOWN", (replace(KNOWN[0], files=(file,)),))
    (tmp_path / "own.onnx").write_bytes(CONTENT)
    models = tmp_path / "models"
    models.mkdir()
    (models / file.name).write_bytes(b"the one before")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(CONTENT) // 2, before[1]))
    try:
        with pytest.raises(ConfigError, match="models: File too large"):
            add_model([tmp_path / "own.onnx"], models, SystemClock(), print)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [it.read_bytes() for it in models.iterdir()] == [b"the one before"]
