"""Who may read what the agent writes: pictures of a home, settings, the journal."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from tests.support.agent_process import Process
from tests.support.broker import free_port


def test_nothing_that_the_agent_writes_is_for_everybody(tmp_path: Path) -> None:
    store, state = tmp_path / "store", tmp_path / "state"
    store.mkdir()
    config = tmp_path / "config.yaml"
    config.write_text(
        yaml.safe_dump(
            {
                "agent": {"id": "pi", "state_dir": str(state)},
                "mqtt": {"port": free_port()},
                "store": {"path": str(store)},
                "beep": {"enabled": False},
                "cameras": {"yard": {"source": f"hk://127.0.0.1:{free_port()}"}},
            }
        )
    )
    old = os.umask(0)  # the worst that an operator can leave us
    try:
        process = Process(tmp_path / "log", "run", "--config", str(config))
    finally:
        os.umask(old)
    with process as agent:
        agent.wait_for_line("store: ok")
        assert agent.stop() == 0

    written = [*state.rglob("*"), *store.rglob("*"), state]
    assert {"journal.sqlite", ".surveillance-store", "store.json", "clock.json"} <= {
        path.name for path in written
    }
    assert [path for path in written if path.stat().st_mode & 0o027] == []
