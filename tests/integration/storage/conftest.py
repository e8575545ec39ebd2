"""A folder with an empty store in it, and a store's process that soon tries again."""

from pathlib import Path

import pytest

from agent.storage.store import worker as store_module


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "BACKOFF", (0.1, 0.2))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """What a `StoreRig` lives in."""
    (tmp_path / "store").mkdir()
    return tmp_path
