from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.classify.model_files import KNOWN, content_of, model_of
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
    [
        ("missing.onnx", "missing.onnx: "),
        ("folder", "Is a directory"),
        ("own.tflite", "ends neither"),
    ],
)
def test_what_is_no_file_of_a_network_is_named(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "own.tflite").write_bytes(b"x")
    (tmp_path / "words").write_text("person\n")
    with pytest.raises(ConfigError, match=words):
        model_of(tmp_path / name, tmp_path / "words")


def test_a_huge_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "huge.onnx"
    with file.open("wb") as out:
        out.truncate(2**40)
    with pytest.raises(ConfigError, match=r"huge\.onnx: has more than 1048576 bytes"):
        content_of(file, 2**20)


@pytest.mark.parametrize("name", ["own.onnx", "own.pbtxt", "words"])
def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(tmp_path: Path, name: str) -> None:
    for other in ("own.onnx", "own.pb", "own.pbtxt", "words"):
        (tmp_path / other).write_text("person\n")
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    weights = tmp_path / ("own.pb" if name == "own.pbtxt" else "own.onnx")
    with pytest.raises(ConfigError, match=rf"{name}: is no regular file"):
        model_of(weights, tmp_path / "words")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff\xfep\0e\0", "line 1 is no text in UTF-8"),
        (b"person\n" * 20_000, "has more than 65536 bytes"),
        (b"person\n" + b"x" * 65, "line 2: a word has at most 64 characters"),
    ],
    ids=["utf-16", "huge", "one line"],
)
def test_what_is_no_file_of_labels_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "own.onnx").write_bytes(garbage())
    (tmp_path / "words").write_bytes(content)
    with pytest.raises(ConfigError, match=why):
        model_of(tmp_path / "own.onnx", tmp_path / "words")


def test_a_mark_in_front_and_empty_lines_behind_are_no_words(tmp_path: Path) -> None:
    (tmp_path / "own.onnx").write_bytes(garbage())
    (tmp_path / "words").write_bytes(b"\xef\xbb\xbfperson\r\n\r\ncar\r\n\r\n \r\n")
    words = model_of(tmp_path / "own.onnx", tmp_path / "words").words
    assert [(word, group and group.value) for word, group in words] == [
        ("person", "person"),
        ("", None),
        ("car", "vehicle"),
    ]


def test_known_files_have_whole_hashes() -> None:
    hashes = [file.sha256 for known in KNOWN for file in known.files]
    assert all(len(digest) == 64 for digest in hashes)
    assert len(set(hashes)) == len(hashes)
