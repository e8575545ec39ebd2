"""What the tests need of the machine and `script/setup --dev` installs."""

from __future__ import annotations

import os

import pytest


def need(why_not: str) -> None:
    """Skips the test for this reason, unless it is empty; fails it where REQUIRE_SERVERS is 1.

    Not for what a machine of a developer or of CI need not have: browsers, Docker, other rigs.
    """
    if why_not and os.environ.get("REQUIRE_SERVERS") == "1":
        pytest.fail(f"{why_not}, and REQUIRE_SERVERS=1: script/setup --dev installs it")
    if why_not:
        pytest.skip(why_not)
