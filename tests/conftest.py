"""What tests of every kind start from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.runtime import redaction
from tests.support.broker import Broker


@pytest.fixture(autouse=True)
def _no_secret_is_known() -> Iterator[None]:
    """What one test hides must not be missing from another one's log."""
    yield
    redaction.forget_all()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A Mosquitto of the test's own."""
    folder = tmp_path / "broker"
    folder.mkdir()
    running = Broker(folder).start()
    yield running
    running.kill()
