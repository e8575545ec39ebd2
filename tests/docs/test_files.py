"""docs/reference/files.md names each file that the agent keeps."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.classify.adding import FOLDER as MODELS
from agent.core.store_names import SESSIONS
from agent.service.aiming import NAME as AIMS
from agent.storage.store.anchor_keeper import KEY
from tests.resilience.gather import STATE

PAGE = (Path(__file__).resolve().parents[2] / "docs/reference/files.md").read_text()
ROWS = PAGE.partition("## The state folder")[2]


@pytest.mark.parametrize("name", sorted({*STATE, AIMS, KEY, MODELS, SESSIONS}))
def test_a_file_of_the_state_folder_has_a_row(name: str) -> None:
    assert re.search(rf"^\|[^|]*`{re.escape(name)}`", ROWS, re.MULTILINE)
