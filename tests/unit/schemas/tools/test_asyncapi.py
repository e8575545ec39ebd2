"""The AsyncAPI document is one: it is held against the official schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from schemas.tools import export

OFFICIAL = Path(__file__).resolve().parents[3] / "fixtures" / "asyncapi" / "3.0.0.json"


@pytest.fixture(scope="module")
def official() -> Draft7Validator:
    return Draft7Validator(json.loads(OFFICIAL.read_text()))


@pytest.fixture
def document() -> Any:  # noqa: ANN401  JSON
    return json.loads((export.FOLDER / "asyncapi.json").read_text())


def test_the_committed_document_is_valid(official: Draft7Validator, document: Any) -> None:  # noqa: ANN401
    assert [f"{e.json_path}: {e.message}" for e in official.iter_errors(document)] == []


def test_a_mistake_in_it_would_be_found(official: Draft7Validator, document: Any) -> None:  # noqa: ANN401
    document["channels"]["motion"]["adress"] = document["channels"]["motion"].pop("address")
    document["operations"]["motion"]["action"] = "publish"
    assert len(list(official.iter_errors(document))) >= 2
