"""What tests of every kind start from."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from agent.runtime import redaction
from tests.support.broker import Broker

#: The tests start a thousand processes. Without this, each of them compiles all modules anew where
#: the environment says so, which takes a second of the processor.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

#: No test depends on how fast the machine is. What fails prints how to try it again.
settings.register_profile(
    "here", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
#: In CI the same examples each time: red means that a change broke something. To look for what
#: nobody thought of is for `script/fuzz` and the runs at home.
settings.register_profile("ci", settings.get_profile("here"), derandomize=True, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "here"))


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
