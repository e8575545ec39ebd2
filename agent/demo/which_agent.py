"""Which agent a command is about: that of the configuration, or the demo of this folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from agent.config.loader import (
    DEFAULT_PLACES,
    Loaded,
    find_file,
    is_configured,
    load,
    state_dir_of,
)
from agent.core.errors import ConfigError
from agent.demo.run import STATE, loaded_demo


def which_agent(named: str | None, environ: Mapping[str, str]) -> tuple[Loaded, Path]:
    """The configuration of the agent and its state folder, which need not exist.

    Args:
        named: the file that the command line names; None: none.
        environ: the variables.

    Raises:
        ConfigError: the configuration is wrong, or there is neither one nor a demo here.
    """
    if is_configured(named, environ):
        loaded = load(find_file(named, environ), environ)
        return loaded, state_dir_of(loaded.config, make=False)
    if not STATE.is_dir():
        here, system = DEFAULT_PLACES
        raise ConfigError(
            f"no agent is known here: {Path.cwd()} has neither {here} nor {STATE} of a demo, and"
            f" there is no {system}. Go to the folder in which the agent was started, or name its"
            " configuration: --config FILE"
        )
    return loaded_demo(), STATE.absolute()
