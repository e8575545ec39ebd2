"""What `page:` and `reoffer:` take as an address to listen at."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from schemas.config import ReofferConfig
from schemas.page_config import PageConfig

TOKEN = "correct-horse-battery"  # noqa: S105  of the tests


@pytest.mark.parametrize(
    "bind", ["", "192.168..1", "192.168.1.300", "1.2.3", "http://x", "a..b", ".a", "a b", "::g"]
)
def test_an_address_that_is_none_is_a_mistake_of_the_configuration(bind: str) -> None:
    for kind in (PageConfig, ReofferConfig):
        with pytest.raises(ValidationError, match="bind"):
            kind.model_validate({"bind": bind, "token": TOKEN})


@pytest.mark.parametrize("bind", ["0.0.0.0", "::", "::1", "localhost", "pi-4.lan", "192.168.1.5"])
def test_addresses_and_names_can_be_bound(bind: str) -> None:
    for kind in (PageConfig, ReofferConfig):
        assert kind.model_validate({"bind": bind, "token": TOKEN}).bind == bind
