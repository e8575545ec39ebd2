"""`check-config` with odd values in every key: it is content or says why, and never breaks."""

from __future__ import annotations

import copy
import random
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.cli import run_command
from schemas.config import Config
from tests.unit.config.test_error_messages import FULL, GIVEN, Path_, keys

PATHS = sorted(keys(Config))
#: Keys of one file; each seed deals all keys out anew.
EACH = 4
#: What hands, other programs and YAML itself make of a value.
ODD: list[object] = [*GIVEN, date(2026, 1, 1), datetime(2026, 1, 1, 1, 1, tzinfo=UTC)]
ODD += ["0.6", 0.99, "1e400", "0x10", "1_000", "+5", "１２", 2**64, -(2**63), 1e-320, -0.0]  # noqa: RUF001
ODD += ["\u202e", "\x85", "\ufeff", "\U0001f600", "a\nb", " ", "%s", "{0}", "$HOME", "*", "&x"]
ODD += ["/", ".", "..", "~", "~nobody/x", "/dev/null", "/root", "/" + "x" * 5000, "/" + "y" * 300]
ODD += ["http://[", "rtsp://u:p@h:99999/", "hk://", "file:", "v4l2:", "rtsp://\u2100", "exec:"]
ODD += ["12:30", "24:00", "sunrise", "sunset+99:99", "127.0.0.1", "::1", "0.0.0.0/0", "1 QiB"]
ODD += [[None], [[]], [True], ["a"] * 200, {"a": {"b": {}}}]


def with_value(tree: dict[str, Any], path: Path_, value: object) -> None:
    """Puts a value in; nothing happens where another one has taken the block above away."""
    branch: Any = tree
    for key in path[:-1]:
        if key == "0" and isinstance(branch, list):
            branch = dict(enumerate(branch)).get(0)
        else:
            branch = branch.get(key) if isinstance(branch, dict) else None
    if isinstance(branch, dict):
        branch[path[-1]] = value


@pytest.mark.parametrize("seed", [1, 2])
def test_it_is_content_or_names_the_key(
    seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(seed)
    file = tmp_path / "config.yaml"
    dealt = chance.sample(PATHS, len(PATHS))
    for paths in (dealt[at : at + EACH] for at in range(0, len(dealt), EACH)):
        tree = copy.deepcopy(FULL)
        tree["agent"]["state_dir"] = str(tmp_path)
        given = [(path, copy.deepcopy(chance.choice(ODD))) for path in paths]
        for path, value in given:
            with_value(tree, path, value)
        file.write_text(yaml.safe_dump(tree))
        code = run_command(["check-config", "--all", "--config", str(file)])
        said = capsys.readouterr()
        assert code in (0, 2), given
        if code:
            named = any(path[-1] in said.err or path[0] in said.err for path in paths)
            assert named or ", line " in said.err, (given, said.err)
