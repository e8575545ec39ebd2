"""The entities of the self test: the button that begins one, and what came of the last."""

from __future__ import annotations

from ha_discovery.components import CONFIG, DIAGNOSTIC, Component, Maker, in_words
from schemas.topics import SELF_TEST, AgentTopics

#: `schemas.self_test.ResultWord`; a test compares them.
RESULTS = {"never": "Never", "running": "Running", "passed": "Passed", "failed": "Failed"}


def self_test_components(make: Maker, topics: AgentTopics) -> list[Component]:
    """A request is a JSON object, also where a button sends it."""
    press = {"ent_cat": CONFIG, "ic": "mdi:clipboard-play-outline", "pl_prs": "{}"}
    shown = {"ent_cat": DIAGNOSTIC, "ic": "mdi:clipboard-check-outline", "dev_cla": "enum"}
    shown |= {"stat_t": topics.self_test, "json_attr_t": topics.self_test}
    return [
        make.entity("sensor", "self_test", "Self test", **shown, **in_words("result", RESULTS)),
        make.entity(
            "button", "run_self_test", "Run self test", cmd_t=topics.request(SELF_TEST), **press
        ),
    ]
