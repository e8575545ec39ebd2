"""The demo: the whole agent with a simulated camera and a broker of its own.

Everything is real but the camera: the frames travel over UDP in the camera's own protocol. The demo
does not use a broker that already runs here: its Home Assistant would keep the demo's devices.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

from agent.config.loader import DEFAULT_PLACES, PREFIX, Loaded, agent_id_of, load
from agent.core.errors import ConfigError, reason_of
from agent.demo.broker import embedded_broker, free_port, mosquitto
from agent.mqtt.journal import JOURNAL, Journal
from agent.mqtt.journal_file import who_locks
from agent.runtime.clock import Clock, SystemClock
from agent.runtime.extras import how_to_get
from agent.runtime.settings_file import NAME as SETTINGS
from agent.runtime.worker import Worker

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
PORT = 1883  # another one where somebody listens there
PAGE_PORT = 8655  # the same
STORE = Path("imagestore")
STATE = Path("demo-state")  # settings, journal and spool, next to the store: people see them
CAMERA = "front_door"
_PAGE = "SURVEILLANCE_PAGE__"


def loaded_demo() -> Loaded:
    """What commands need of the configuration of a running demo; the ports are not its own."""
    return load(None, _environment(1, 1, "auto"))


def run_demo(say: Callable[[str], None]) -> tuple[int, bool]:
    """Runs until SIGTERM or SIGINT.

    Args:
        say: shows a line to the person at the terminal.

    Returns:
        The exit code, and whether a restart was commanded.

    Raises:
        ConfigError: a demo runs already, its broker cannot start, or a folder cannot be written.
    """
    from agent.camera.hk.simulator.server import Simulator, SimulatorOptions
    from agent.service.app import App

    clock = SystemClock()
    state_dir = STATE.absolute()
    _make(state_dir)
    _check_alone(state_dir / JOURNAL, clock)
    _make(STORE.absolute())
    (state_dir / SETTINGS).unlink(missing_ok=True)  # a demo that was disarmed shows nothing
    simulator = Simulator(SimulatorOptions(port=0), clock)
    with contextlib.ExitStack() as stack:
        program, port = mosquitto(), free_port(PORT)
        stack.enter_context(embedded_broker(port, clock, program))
        broker, protocol = "Mosquitto", "auto"
        if program is None:  # amqtt leaves an MQTT 5 client with a will unanswered
            broker, protocol = "embedded", "'3.1.1'"
        page, link = _page(os.environ)
        loaded = load(None, {**page, **_environment(simulator.port, port, protocol)})
        camera = Worker("simulator", simulator.run, clock, _fatal)
        first = first_file(os.environ)
        app = App(loaded, state_dir, clock=clock, extra=[camera], first_file=first)
        _explain(say, broker, port, agent_id_of(loaded.config), link, first=first is not None)
        return app.run(), app.again


def first_file(environ: Mapping[str, str]) -> Path | None:
    """Where the page may write a first configuration; None: there is one already."""
    if environ.get(f"{PREFIX}CONFIG") or any(os.path.lexists(it) for it in DEFAULT_PLACES):
        return None
    return DEFAULT_PLACES[0].absolute()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder}: {reason_of(error)}") from None


def _check_alone(journal: Path, clock: Clock) -> None:
    """Looks before anything is said, started or removed.

    Raises:
        ConfigError: another demo has the journal open.
    """
    try:
        Journal(journal, clock).close()
    except ConfigError:
        where = f"with its state in {journal.parent}"
        words = f"the demo runs already{who_locks(journal)}, {where}: end that one first"
        raise ConfigError(words) from None


def _environment(camera_port: int, broker_port: int, protocol: str) -> dict[str, str]:
    return {
        "SURVEILLANCE_MQTT__PROTOCOL": protocol,
        "SURVEILLANCE_MQTT__HOST": HOST,
        "SURVEILLANCE_MQTT__PORT": str(broker_port),
        "SURVEILLANCE_STORE__PATH": str(STORE.absolute()),
        f"SURVEILLANCE_CAMERAS__{CAMERA.upper()}__SOURCE": f"hk://{HOST}:{camera_port}",
        f"SURVEILLANCE_CAMERAS__{CAMERA.upper()}__NAME": "Front door",
    }


def _page(environ: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """What the page needs, and its address with a token that logs in once; none without aiohttp.

    What somebody says of the page in the environment holds for the demo, too.
    """
    if find_spec("aiohttp") is None or find_spec("jinja2") is None:
        return {}, f"packages are missing: {how_to_get('page')}"
    given = {name: value for name, value in environ.items() if name.startswith(_PAGE)}
    port = given.get(f"{_PAGE}PORT") or str(free_port(PAGE_PORT))
    bind = given.get(f"{_PAGE}BIND") or HOST
    once = secrets.token_urlsafe(24)
    found = {**given, f"{_PAGE}BIND": bind, f"{_PAGE}PORT": port, f"{_PAGE}ONE_TIME_TOKEN": once}
    host, more = bind, ""
    if bind in {"0.0.0.0", "::"}:  # noqa: S104  compared, not bound
        host, more = HOST, "   (from elsewhere: this machine's address instead of 127.0.0.1)"
    return found, f"http://{f'[{host}]' if ':' in host else host}:{port}/login?once={once}{more}"


def _fatal(name: str, error: BaseException) -> None:
    log.critical("worker %s: gave up: %s", name, error)


def _explain(
    say: Callable[[str], None], broker: str, port: int, agent_id: str, link: str, *, first: bool
) -> None:
    root, there = f"surveillance/{agent_id}", f"-h {HOST} -p {port}"
    client = "" if shutil.which("mosquitto_sub") else "   (apt-get install mosquitto-clients)"
    for line in (
        "",
        f"No configuration: this is the demo. Camera: simulated, over UDP. Broker: {HOST}:{port},",
        f"{broker}, for this demo only. Somebody walks by every ten seconds or so.",
        "",
        f"  The page (this link works once): {link}",
        *(["  Set up, in its menu, is for your own camera."] if first else []),
        "",
        f"Try in another terminal:{client}",
        "",
        f"  mosquitto_sub {there} -v -t '{root}/+/event/#' -t '{root}/+/motion/state'",
        f"  mosquitto_pub {there} -q 1 -t {root}/{CAMERA}/armed/set -m OFF  # ON arms it again",
        f"  mosquitto_pub {there} -q 1 -t {root}/{CAMERA}/snapshot/take -m PRESS",
        f"  mosquitto_pub {there} -q 1 -t {root}/beep/play -m PRESS",
        "",
        f"The day's film: {STORE}/{CAMERA}/<date>/<date>.mp4    Ctrl-C ends it.",
        f"To be deleted afterwards: {STORE.absolute()} and {STATE.absolute()}",
        "",
    ):
        say(line)
