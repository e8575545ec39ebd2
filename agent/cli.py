"""Arguments -> configuration -> what is asked; exit codes; the only prints."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module

from agent import __version__
from agent.commands.name_check import check_name
from agent.config.error_messages import shown
from agent.config.loader import (
    DEFAULT_PLACES,
    PREFIX,
    Loaded,
    agent_id_of,
    find_file,
    is_configured,
    load,
    state_dir_of,
)
from agent.core.errors import ConfigError
from agent.runtime.clock import SystemClock
from agent.runtime.descriptors import settle_descriptors
from agent.runtime.signals import event_of_stop, keep_for_the_next_program
from agent.runtime.umask import give_back, keep_private

EXIT_OK = 0
EXIT_CONFIG = 2

Command = Callable[[argparse.Namespace], int]


_COMPLETION = "completion"
_CONFIG = f"default: ${PREFIX}CONFIG, else {', '.join(map(str, DEFAULT_PLACES))}"
_ASK = "ask RTSP cameras which streams they offer, for some seconds each"
#: Where commands have their own options; only the asked one's module is loaded, since some load
#: OpenCV, which `health` must not every 30 s.
_OPTIONS = {
    "simulate-camera": "agent.camera.hk.simulator.command",
    "discover": "agent.camera.hk.tools.discover",
    "decode-capture": "agent.camera.hk.tools.capture",
    "replay": "agent.tuning.command",
    "overlay": "agent.tuning.overlay_command",
    "adopt-store": "agent.commands.adopt_store",
    "verify": "agent.commands.store_checks",
    "model": "agent.classify.adding",
    "import": "agent.commands.importing",
    "explain": "agent.commands.explain",
    "propose": "agent.commands.propose",
    "self-test": "agent.commands.self_test",
    _COMPLETION: "agent.commands.completion",
}


def run_command(argv: Sequence[str]) -> int:
    """Runs one command line; exit code 0 stopped, 2 bad configuration or usage, 70 gave up."""
    try:
        arguments = _parser(argv).parse_args(argv)
        command: Command = arguments.command
        code = command(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader (`head`) has seen enough
        if arguments.command in {_run, _ha_app}:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except ConfigError as error:
        print(shown(error), file=sys.stderr)
        return EXIT_CONFIG
    except KeyboardInterrupt:
        return EXIT_OK
    return code


def _add(
    add_parser: Callable[..., argparse.ArgumentParser],
    argv: Sequence[str],
    name: str,
    command: Command,
    text: str,
    *,
    config: bool = False,
) -> argparse.ArgumentParser:
    """Adds a command, and its own options where it is the requested command."""
    sub = add_parser(name, help=text, description=text)
    sub.set_defaults(command=command)
    if config:
        sub.add_argument("--config", metavar="FILE", help=_CONFIG)
    sub.add_argument("--log-level", metavar="LEVEL", help="DEBUG, INFO, WARNING or ERROR")
    if name in _OPTIONS and (name in argv[:1] or _COMPLETION in argv[:1]):
        import_module(_OPTIONS[name]).add_arguments(sub)
    return sub


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="surveillance-agent",
        description="Watches cameras, explains motion, records it, speaks MQTT.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add = partial(_add, commands.add_parser, argv)
    add("run", _run, "run until SIGTERM; without any configuration: the demo", config=True)
    add("ha-app", _ha_app, "run as a Home Assistant app: options and broker from its supervisor")
    add("demo", _demo, "simulated camera and a broker of its own, nothing to configure")
    words = "print every mistake of the configuration, or what it sets"
    check = add("check-config", _check_config, words, config=True)
    check.add_argument("--all", action="store_true", help="also what has its default")
    check.add_argument("--ask", action="store_true", help=_ASK)
    add("simulate-camera", _simulate, "play a camera of the UDP family")
    add("discover", _discover, "list the cameras of the UDP family on the network")
    add("decode-capture", _decode_capture, "name every packet in a pcap of the family")
    add("replay", _replay, "judge stored clips as the agent would", config=True)
    add("overlay", _overlay, "draw what a camera's detector looks at", config=True)
    discovery = add(
        "discovery", _discovery, "print the Home Assistant discovery payloads", config=True
    )
    discovery.add_argument("--clean", action="store_true", help="remove them from the broker")
    add("adopt-store", _adopt_store, "write the identity into an image store", config=True)
    words = "take a network that names what moved, by the hashes of its files"
    add("model", _model, words, config=True)
    add("verify", _verify, "check an image store, or a copy, against its manifests")
    purge = add("purge", _purge, "show what the retention would delete", config=True)
    purge.add_argument(
        "--dry-run", action="store_true", required=True, help="the agent alone deletes, each hour"
    )
    words = "say how the running agent is; exit 0 if it does its work (ok, degraded), else 1"
    health = add("health", _health, words, config=True)
    health.add_argument("--strict", action="store_true", help="exit 0 only if it is ok")
    words = "say why there was, or was not, an event at some moment: explain front_door 14:03"
    add("explain", _explain, words, config=True)
    words = "propose what would spare the marked false alarms, and what it would cost"
    add("propose", _propose, words, config=True)
    words = "send a drawn visitor the whole way through the running agent; exit 0 if all passed"
    add("self-test", _self_test, words, config=True)
    add("import", _import, "write a configuration from the one of Motion, motionEye or Frigate")
    add("hash-password", _hash_password, "print the hash of a password for page.password")
    add(_COMPLETION, _completion, "print what lets your shell complete commands at a press of Tab")
    add("version", _version, "print the version")
    check_name(argv, commands.choices)
    return parser


def _load(arguments: argparse.Namespace) -> Loaded:
    return load(find_file(arguments.config, os.environ), os.environ)


def _run(arguments: argparse.Namespace) -> int:
    keep_private()
    settle_descriptors()
    if not is_configured(arguments.config, os.environ):
        return _demo(arguments)
    from agent.config.check import checked
    from agent.config.video_notes import likely_streams, shared_streams
    from agent.runtime import logs
    from agent.runtime.time_zone import zone_mistake, zone_note
    from agent.service.app import App

    loaded = checked(find_file(arguments.config, os.environ), os.environ)
    logs.set_up(arguments.log_level)
    logging.getLogger(__name__).info("configuration: %s", loaded.file or "environment")
    if (words := zone_mistake(os.environ) or zone_note(os.environ)) is not None:
        logging.getLogger(__name__).warning("time zone: %s", words)
    for note in loaded.notes:
        logging.getLogger(__name__).warning("configuration: %s", note)
    cameras = loaded.config.cameras
    for note in (*likely_streams(cameras), *shared_streams(cameras)):
        logging.getLogger(__name__).info(note)
    app = App(loaded, state_dir_of(loaded.config))
    code = app.run()
    return _again() if app.again else code


def _again() -> int:
    """Starts the same command again in this process id: a restart needs no supervisor."""
    logging.shutdown()
    keep_for_the_next_program()
    give_back()
    os.execv(sys.executable, [sys.executable, "-m", "agent", *sys.argv[1:]])  # noqa: S606


def _demo(arguments: argparse.Namespace) -> int:
    keep_private()
    settle_descriptors()
    from agent.demo.run import first_file, run_demo
    from agent.runtime import logs

    logs.set_up(arguments.log_level)
    first = first_file(os.environ)
    code, again = run_demo(partial(print, flush=True))
    if again and "demo" in sys.argv and first is not None and first.exists():
        sys.argv[sys.argv.index("demo")] = "run"  # the page wrote a configuration meanwhile
    return _again() if again else code


def _ha_app(arguments: argparse.Namespace) -> int:
    from agent.commands.ha_app import prepare
    from agent.runtime import logs
    from agent.runtime.privileges import keep_only_file_rights

    logs.set_up(arguments.log_level)
    try:
        keep_only_file_rights()
    except OSError as error:
        logging.getLogger(__name__).warning("goes on with all of root's rights: %s", error.strerror)
    prepared = prepare(os.environ, SystemClock(), threading.Event())
    arguments.config = str(prepared.config_file)
    arguments.log_level = arguments.log_level or prepared.log_level
    return _run(arguments)


def _check_config(arguments: argparse.Namespace) -> int:
    from agent.config.check import checked, effective, notes
    from agent.runtime.time_zone import zone_mistake, zone_note

    zone = zone_mistake(os.environ)
    try:
        loaded = checked(find_file(arguments.config, os.environ), os.environ)
    except ConfigError as error:
        raise ConfigError("\n".join(filter(None, (str(error), zone)))) from None
    if zone is not None:
        raise ConfigError(zone)
    print(f"# {loaded.file or 'no file: environment and defaults'}; the configuration is good")
    print("\n".join(effective(loaded, defaults=arguments.all)))
    topics = f"{loaded.config.mqtt.base_topic}/{agent_id_of(loaded.config)}"
    print(f"# its topics begin with {topics}/")
    told = [*loaded.notes, *notes(loaded.config, SystemClock(), ask=arguments.ask)]
    if (words := zone_note(os.environ)) is not None:
        told.append(words)
    try:
        print(f"# its state is kept in {state_dir_of(loaded.config, make=False)}")
    except ConfigError as error:  # the agent may run as another user
        told.append(str(error))
    for note in told:
        print(f"# note: {note}")
    return EXIT_OK


def _simulate(arguments: argparse.Namespace) -> int:
    from agent.camera.hk.simulator import command as simulate
    from agent.runtime import logs

    logs.set_up(arguments.log_level)
    return simulate.run_from_args(arguments, event_of_stop())


def _overlay(arguments: argparse.Namespace) -> int:
    from agent.tuning import overlay_command

    return overlay_command.run(arguments, os.environ, print)


def _discover(arguments: argparse.Namespace) -> int:
    from agent.camera.hk.tools import discover

    return discover.run(arguments, threading.Event(), print)


def _decode_capture(arguments: argparse.Namespace) -> int:
    from agent.camera.hk.tools import capture

    return capture.run(arguments, print)


def _replay(arguments: argparse.Namespace) -> int:
    from agent.tuning import command

    return command.run(arguments, os.environ, print)


def _discovery(arguments: argparse.Namespace) -> int:
    from agent.service.discovery_messages import discovery_messages
    from schemas.topics import AgentTopics

    loaded = _load(arguments)
    config = loaded.config
    messages = discovery_messages(config, AgentTopics(config.mqtt.base_topic, agent_id_of(config)))
    if arguments.clean:
        from agent.commands.clean_broker import clean_broker

        for line in clean_broker(messages, loaded):
            print(line)
        return EXIT_OK
    for message in messages:
        print(message.topic)
        print(json.dumps(json.loads(message.payload), indent=2))
    return EXIT_OK


def _adopt_store(arguments: argparse.Namespace) -> int:
    from agent.commands.adopt_store import adopt

    named = is_configured(arguments.config, os.environ)
    config = _load(arguments).config if named or arguments.path is None else None
    print(adopt(arguments.path, arguments.take, config))
    return EXIT_OK


def _model(arguments: argparse.Namespace) -> int:
    from agent.classify.adding import FOLDER, add_model

    folder = arguments.to
    if folder is None:
        named = is_configured(arguments.config, os.environ)
        folder = state_dir_of(_load(arguments).config if named else None) / FOLDER
    add_model(arguments.files, folder, SystemClock(), print)
    return EXIT_OK


def _verify(arguments: argparse.Namespace) -> int:
    from agent.commands import store_checks

    return store_checks.verify(arguments, print)


def _purge(arguments: argparse.Namespace) -> int:
    from agent.commands import store_checks

    return store_checks.purge(_load(arguments), print)


def _health(arguments: argparse.Namespace) -> int:
    from agent.demo.which_agent import which_agent
    from agent.runtime.health_file import read_health

    _, folder = which_agent(arguments.config, os.environ)
    well, text = read_health(folder, strict=arguments.strict)
    print(text)
    return EXIT_OK if well else 1


def _explain(arguments: argparse.Namespace) -> int:
    from agent.commands import explain
    from agent.demo.which_agent import which_agent

    loaded, folder = which_agent(arguments.config, os.environ)
    explain.run(arguments, loaded.config.cameras, folder, SystemClock(), print)
    return EXIT_OK


def _propose(arguments: argparse.Namespace) -> int:
    from agent.commands import propose
    from agent.demo.which_agent import which_agent

    loaded, folder = which_agent(arguments.config, os.environ)
    propose.run(arguments, loaded, folder, SystemClock(), print)
    return EXIT_OK


def _self_test(arguments: argparse.Namespace) -> int:
    from agent.commands import self_test
    from agent.demo.which_agent import which_agent

    loaded, folder = which_agent(arguments.config, os.environ)
    return self_test.run(arguments, loaded.config.cameras, folder, SystemClock(), print)


def _import(arguments: argparse.Namespace) -> int:
    from agent.commands import importing

    return importing.run(arguments, os.environ, print)


def _hash_password(_arguments: argparse.Namespace) -> int:
    from agent.page.hash_command import asked_hash

    print(asked_hash())
    return EXIT_OK


def _completion(arguments: argparse.Namespace) -> int:
    from agent.commands import completion

    return completion.run(arguments, _parser([_COMPLETION]), print)


def _version(_arguments: argparse.Namespace) -> int:
    print(__version__)
    return EXIT_OK
