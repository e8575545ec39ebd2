"""The store's part of the configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.config import Config

SQUARE = [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2]]


def config(store: dict[str, Any] | None = None, camera: dict[str, Any] | None = None) -> Config:
    return Config.model_validate(
        {
            "store": {"path": "/mnt/store", **(store or {})},
            "cameras": {"yard": {"source": "hk://192.0.2.1", **(camera or {})}},
        }
    )


def test_the_store_has_room_for_others_by_default() -> None:
    store = config().store
    assert store is not None
    assert (store.keep_free, store.max_size, store.retention_days) == (500 * 2**20, None, 4)


def test_sizes_are_read_with_their_units() -> None:
    store = config({"keep_free": "1 GiB", "max_size": "20 GB"}).store
    assert store is not None
    assert (store.keep_free, store.max_size) == (2**30, 20 * 10**9)


def test_the_spool_is_a_folder_or_memory() -> None:
    for given, read in (("memory", "memory"), ("/var/spool/x", Path("/var/spool/x"))):
        store = config({"spool": {"path": given}}).store
        assert store is not None
        assert store.spool.path == read


def test_original_pictures_hide_nothing_so_privacy_refuses_them() -> None:
    original = {"recording": {"format": "original"}}
    assert config(camera=original).cameras["yard"].recording.format == "original"
    with pytest.raises(ValidationError, match="privacy polygons cannot be blackened"):
        config(camera={**original, "privacy": [SQUARE]})


@pytest.mark.parametrize("given", ["../x", "a//b", "local/a?b", "/", "a/./b"])
def test_a_media_folder_is_a_plain_name(given: str) -> None:
    with pytest.raises(ValidationError, match="media"):
        Config.model_validate(
            {
                "home_assistant": {"media_dir": given},
                "cameras": {"yard": {"source": "hk://192.0.2.1"}},
            }
        )
