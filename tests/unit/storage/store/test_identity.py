"""The guard: the right store, or a named reason why not, and nothing written."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.core.errors import ConfigError
from agent.core.store_code import StoreCode
from agent.core.store_names import IDENTITY
from agent.storage.store.identity import (
    OpenStore,
    StoreRefused,
    Terms,
    adopt_store,
    check_place,
    open_store,
    remember,
    remembered,
)

OTHER = "2c3a7a34-3c5b-4d7c-9f36-0a8b6a3f7e11"


@pytest.fixture
def opened() -> Iterator[list[OpenStore]]:
    stores: list[OpenStore] = []
    yield stores
    for store in stores:
        os.close(store.fd)


def refusal(
    path: Path, *, expect: str | None = None, adopt: bool = True, require_mount: bool = False
) -> StoreRefused:
    before = sorted(path.rglob("*")) if path.is_dir() else []
    with pytest.raises(StoreRefused) as caught:
        open_store(Terms(str(path), "me", expect, adopt, require_mount))
    assert (sorted(path.rglob("*")) if path.is_dir() else []) == before
    return caught.value


def test_an_empty_folder_is_adopted_once(tmp_path: Path, opened: list[OpenStore]) -> None:
    opened.append(open_store(Terms(str(tmp_path), "me")))
    opened.append(open_store(Terms(str(tmp_path), "me", expect=opened[0].uuid)))
    assert [store.adopted for store in opened] == [True, False]
    identity = json.loads((tmp_path / IDENTITY).read_text())
    assert identity["uuid"] == opened[0].uuid == opened[1].uuid
    assert identity["agent"] == "me"
    assert identity["created"].endswith("+00:00")


def test_a_fresh_file_system_counts_as_empty(tmp_path: Path, opened: list[OpenStore]) -> None:
    (tmp_path / "lost+found").mkdir()
    opened.append(open_store(Terms(str(tmp_path), "me")))
    assert opened[0].adopted


LITTER = """
lost+found #recycle @eaDir $RECYCLE.BIN $Recycle.Bin .Trash-1000 .Trash .Trashes .DS_Store THUMBS.DB
Thumbs.db ._holiday.jpg desktop.ini .Spotlight-V100 .fseventsd @Recycle .snapshot .recycle .@__thumb
"""


@pytest.mark.parametrize("name", [*LITTER.split(), "System Volume Information"])
def test_what_systems_leave_everywhere_is_nothing_and_stays(
    tmp_path: Path, opened: list[OpenStore], name: str
) -> None:
    (tmp_path / name / "inside").mkdir(parents=True)
    opened.append(open_store(Terms(str(tmp_path), "me")))
    assert opened[0].adopted
    assert (tmp_path / name / "inside").is_dir()


@pytest.mark.parametrize("name", ["recycle", "Trash", "front", "snapshot", ".config", "a._b"])
def test_what_only_looks_like_it_is_something(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    assert refusal(tmp_path).code is StoreCode.NOT_ADOPTED


def test_a_store_with_an_identity_is_taken_when_none_is_remembered(
    tmp_path: Path, opened: list[OpenStore]
) -> None:
    identity = adopt_store(tmp_path)
    opened.append(open_store(Terms(str(tmp_path), "me", adopt=False)))
    assert (opened[0].uuid, opened[0].adopted) == (identity, False)


def test_a_missing_folder_is_absent_and_not_created(tmp_path: Path) -> None:
    assert refusal(tmp_path / "store").code is StoreCode.ABSENT
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_its_place_is_absent(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("x")
    assert refusal(tmp_path / "store").code is StoreCode.ABSENT


def test_an_empty_folder_where_a_store_is_remembered_is_absent(tmp_path: Path) -> None:
    refused = refusal(tmp_path, expect=OTHER)
    assert refused.code is StoreCode.ABSENT
    assert "not mounted?" in str(refused)


def test_another_store_is_the_wrong_one(tmp_path: Path) -> None:
    identity = adopt_store(tmp_path)
    refused = refusal(tmp_path, expect=OTHER)
    assert refused.code is StoreCode.WRONG
    assert identity in str(refused)


@pytest.mark.parametrize("content", ["", "{}", '{"uuid": "x"}', "[]", '{"uuid": 5}', "[" * 4096])
def test_a_damaged_identity_is_the_wrong_store(tmp_path: Path, content: str) -> None:
    (tmp_path / IDENTITY).write_text(content)
    assert refusal(tmp_path).code is StoreCode.WRONG


def test_a_folder_with_anything_in_it_is_not_adopted(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_text("x")
    assert refusal(tmp_path).code is StoreCode.NOT_ADOPTED


def test_an_empty_folder_is_not_adopted_when_that_is_done_by_hand(tmp_path: Path) -> None:
    refused = refusal(tmp_path, adopt=False)
    assert refused.code is StoreCode.NOT_ADOPTED
    assert "adopt-store" in str(refused)


def test_a_symbolic_link_is_no_identity(tmp_path: Path) -> None:
    adopt_store(tmp_path)
    (tmp_path / IDENTITY).rename(tmp_path / "elsewhere")
    (tmp_path / IDENTITY).symlink_to("elsewhere")
    assert refusal(tmp_path).code is not StoreCode.OK


def test_a_plain_folder_is_refused_when_a_mount_is_required(tmp_path: Path) -> None:
    refused = refusal(tmp_path, require_mount=True)
    assert refused.code is StoreCode.ABSENT
    assert "mount point" in str(refused)


def test_adopting_by_hand_keeps_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_text("x")
    assert adopt_store(tmp_path, "me") == adopt_store(tmp_path, "you")
    assert json.loads((tmp_path / IDENTITY).read_text())["agent"] == "me"


def test_adopting_by_hand_can_be_remembered(tmp_path: Path) -> None:
    state = tmp_path / "state"
    store = tmp_path / "store"
    store.mkdir()
    remember(state, str(store), OTHER)
    identity = adopt_store(store, state_dir=state)
    assert remembered(state, str(store)) == identity


def test_adopting_a_missing_folder_is_a_mistake_of_the_operator(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        adopt_store(tmp_path / "store")


def test_another_path_is_another_store(tmp_path: Path) -> None:
    remember(tmp_path, "/mnt/a", OTHER)
    assert remembered(tmp_path, "/mnt/a") == OTHER
    assert remembered(tmp_path, "/mnt/b") is None


@pytest.mark.parametrize("content", [None, "", "[]", '{"path": "/mnt/a"}'])
def test_a_missing_or_damaged_memory_is_none(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "store.json").write_text(content)
    assert remembered(tmp_path, "/mnt/a") is None


def test_a_store_that_was_renamed_or_replaced_is_no_longer_there(
    tmp_path: Path, opened: list[OpenStore]
) -> None:
    store = tmp_path / "store"
    store.mkdir()
    opened.append(open_store(Terms(str(store), "me")))
    check_place(opened[-1].fd, str(store))
    store.rename(tmp_path / "renamed")
    with pytest.raises(
        StoreRefused, match=r"is gone, renamed or deleted .* rename it back"
    ) as gone:
        check_place(opened[-1].fd, str(store))
    assert gone.value.code is StoreCode.ABSENT
    store.mkdir()
    with pytest.raises(StoreRefused, match=r"another folder .* adopt-store"):
        check_place(opened[-1].fd, str(store))
    store.rmdir()
    (tmp_path / "renamed").rename(store)
    check_place(opened[-1].fd, str(store))
