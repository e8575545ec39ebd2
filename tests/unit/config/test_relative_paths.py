"""Relative paths count from the folder of the configuration file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from agent.config.check import checked
from agent.config.loader import load
from agent.config.relative_paths import _leaves, anchored
from schemas.config import Config

TEXT = """
agent: {state_dir: state}
mqtt: {username: pi, password_file: secrets/mqtt, tls: {ca: ca.pem, cert: c.pem, key: k.pem}}
store: {path: images, anchor_key: anchor.key, spool: {path: spool}}
beep: {sound: beep.wav}
reoffer: {token_file: reoffer.token}
classify: {model: net.onnx, labels: words.txt}
page: {token_file: page.token, user: me, password_file: page.password}
cameras:
  yard: {source: "file:clips/my%20clip.mp4?loop=0", mask: masks/yard.png}
  porch: {source: "https://192.0.2.1/x", record_source: "rtsps://192.0.2.1/x", tls: {ca: cam.pem}}
"""


def paths(value: Any) -> Iterator[Path]:  # noqa: ANN401  any part of a configuration
    if isinstance(value, Path):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from paths(getattr(value, name))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from paths(inner)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration in another folder than the working one."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "etc" / "config.yaml"


def test_each_path_counts_from_the_file_and_none_from_the_working_folder(file: Path) -> None:
    file.write_text(TEXT)
    for secret in ("reoffer.token", "page.token", "page.password"):
        file.with_name(secret).touch()
    loaded = load(file, {})
    config, etc = loaded.config, file.parent
    assert config.cameras["yard"].source == f"file:{etc}/clips/my%20clip.mp4?loop=0"
    assert config.store is not None
    assert config.store.anchor_key == f"{etc}/anchor.key"
    found = list(paths(config))
    assert {it.relative_to(etc) for it in found} >= {Path("state"), Path("masks/yard.png")}
    assert loaded.notes == ()


def test_a_lone_word_that_is_no_file_may_be_the_secret_itself_and_is_not_shown(file: Path) -> None:
    file.write_text(TEXT)
    config = load(file, {}).config
    assert config.page is not None
    assert config.page.password_file == Path("page.password")


def test_the_sample_has_every_key_of_the_schema_that_is_a_path() -> None:
    """A new key with a path needs its line above."""

    def keys(model: Any) -> Iterator[str]:  # noqa: ANN401  a model's class
        for name, field in model.model_fields.items():
            leaves = list(_leaves(field.annotation))
            if Path in leaves:
                yield name
            for leaf in leaves:
                if hasattr(leaf, "model_fields"):
                    yield from keys(leaf)

    assert [name for name in keys(Config) if f"{name}: " not in TEXT] == []


def test_words_and_absolute_paths_and_other_sources_stay(file: Path) -> None:
    tree = yaml.safe_load("""
agent: {state_dir: /var/lib/x}
store: {path: /mnt/x, anchor_key: auto, spool: {path: memory}}
cameras:
  a: {source: "hk://10.0.0.9"}
  b: {source: "file:/clips/a.mp4"}
  c: {source: "file:///clips/a.mp4"}
  d: {source: "exec:cat clip"}
  e: nonsense
  f: {source: 7, mask: ""}
mqtt: [1]
""")
    before = yaml.safe_dump(tree)
    assert anchored(tree, file.parent, Path.cwd()) == []
    assert yaml.safe_dump(tree) == before


def test_a_path_that_is_only_in_the_working_folder_is_used_and_noted(file: Path) -> None:
    Path("images").mkdir()
    file.write_text("store: {path: images}\ncameras: {a: {source: 'demo:'}}\n")
    loaded = load(file, {})
    assert loaded.config.store is not None
    assert loaded.config.store.path == Path.cwd() / "images"
    (note,) = loaded.notes
    assert note.startswith("store.path: images is taken from the working folder")
    assert note.endswith(f"write {Path.cwd()}/images")
    (file.parent / "images").mkdir()
    again = load(file, {})
    assert again.config.store is not None
    assert (again.config.store.path, again.notes) == (file.parent / "images", ())


def test_a_variable_of_the_environment_counts_from_the_working_folder(file: Path) -> None:
    file.write_text("store: {path: images}\ncameras: {a: {source: 'demo:'}}\n")
    config = load(file, {"SURVEILLANCE_STORE__PATH": "here"}).config
    assert config.store is not None
    assert config.store.path == Path("here")


def test_a_file_that_is_not_at_its_place_yet_can_be_checked(file: Path, tmp_path: Path) -> None:
    trial = tmp_path / "trial.yaml"
    trial.write_text("store: {path: images}\ncameras: {a: {source: 'demo:'}}\n")
    config = checked(trial, {}, folder=file.parent).config
    assert config.store is not None
    assert config.store.path == file.parent / "images"
