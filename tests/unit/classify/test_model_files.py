from __future__ import annotations

from pathlib import Path

import pytest

from agent.classify import model_files
from agent.classify.model_files import KNOWN, model_of
from agent.core.errors import ConfigError
from tests.support.stand_in_network import garbage


def test_a_file_that_nobody_knows_needs_labels(tmp_path: Path) -> None:
    file = tmp_path / "own.onnx"
    file.write_bytes(garbage())
    with pytest.raises(
        ConfigError, match=r"own.onnx: is none of the known networks.*classify\.labels"
    ):
        model_of(file)
    (tmp_path / "words").write_text("person\ncar\n")
    own = model_of(file, tmp_path / "words")
    assert (own.name, own.adapter, [word for word, _ in own.words]) == (
        "own",
        "yolox",
        ["person", "car"],
    )


def test_an_ssd_needs_its_graph_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "own.pb"
    file.write_bytes(garbage())
    (tmp_path / "words").write_text("person\n")
    with pytest.raises(ConfigError, match=r"own\.pbtxt"):
        model_of(file, tmp_path / "words")
    (tmp_path / "own.pbtxt").write_text("node {}")
    assert model_of(file, tmp_path / "words").adapter == "ssd"


@pytest.mark.parametrize(
    ("name", "words"),
    [("missing.onnx", "missing.onnx: "), ("folder", "is no file"), ("own.tflite", "ends neither")],
)
def test_what_is_no_file_of_a_network_is_named(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "own.tflite").write_bytes(b"x")
    (tmp_path / "words").write_text("person\n")
    with pytest.raises(ConfigError, match=words):
        model_of(tmp_path / name, tmp_path / "words")


def test_a_huge_file_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_files, "MOST_BYTES", 2**20)
    file = tmp_path / "huge.onnx"
    with file.open("wb") as out:
        out.truncate(2**40)
    with pytest.raises(ConfigError, match="larger than 1 MiB"):
        model_of(file)


def test_known_files_have_whole_hashes() -> None:
    hashes = [file.sha256 for known in KNOWN for file in known.files]
    assert all(len(digest) == 64 for digest in hashes)
    assert len(set(hashes)) == len(hashes)
