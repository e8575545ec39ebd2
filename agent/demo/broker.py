"""The demo's own MQTT broker, a child process: `python -m agent.demo.broker [--port 1883]`.

It listens on 127.0.0.1 only, asks for no password and forgets everything when it ends: enough to
see the agent's topics without configuring anything. It ends with its parent, or on SIGTERM.

With `--mosquitto` it runs that program. Otherwise it is amqtt (extra `demo`, imported only in the
child), which speaks only MQTT 3.1.1. It refuses a client that asks for MQTT 5. If the CONNECT has
a will or properties, it does not answer at all. It also sends new clients the subscriptions of
others. So the demo configures its agent for 3.1.1. It may publish the will of a client that said
goodbye: it forgets a goodbye that it reads together with the connection's end. The agent's last
word is the same as its will.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from agent.core.errors import ConfigError
from agent.runtime import logs
from agent.runtime.clock import Clock
from agent.runtime.extras import how_to_get

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
START_SECONDS = 60.0  # a busy machine needs long for its imports; a child that ends is noticed

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_READY = b"ready\n"  # what the child says to its parent
_NO_AMQTT = 3  # exit code of the child
_STOP_SECONDS = 2.0
#: Debian keeps Mosquitto where only root's PATH looks.
_PLACES = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
_MOSQUITTO = """listener {port} {host}
allow_anonymous true
persistence false
log_type error
"""


def mosquitto() -> str | None:
    """The program Mosquitto, if it is installed."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *_PLACES])
    return shutil.which("mosquitto", path=path)


def free_port(wanted: int) -> int:
    """The wanted TCP port of this machine where nobody listens on it, else any that is free."""
    for port in (wanted, 0):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a broker just ended
            probe.bind((HOST, port))
            return int(probe.getsockname()[1])
    raise ConfigError(f"no free TCP port on {HOST}")


def broker_answers(host: str, port: int) -> bool:
    """True when a program accepts TCP connections there within a second."""
    try:
        with socket.create_connection((host, port), 1.0):
            return True
    except OSError:
        return False


@contextlib.contextmanager
def embedded_broker(port: int, clock: Clock, program: str | None = None) -> Iterator[int]:
    """A broker on 127.0.0.1:`port` for the length of the block; gives its process id.

    Args:
        port: free.
        clock: the time.
        program: see `mosquitto`; None: amqtt.

    Raises:
        ConfigError: the extra `demo` is not installed.
        ConfigError: it did not get ready, for instance because the port is taken.
    """
    command = [sys.executable, "-m", "agent.demo.broker", "--port", str(port)]
    command += ["--mosquitto", program] if program else []
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        process_group=0,  # Ctrl-C is for the agent, which says goodbye through this broker
    )
    try:
        _wait_ready(process, port, clock)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_STOP_SECONDS)
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()


def _wait_ready(process: subprocess.Popen[bytes], port: int, clock: Clock) -> None:
    if process.stdout is None:
        raise ConfigError("no pipe to the embedded broker")
    deadline = clock.monotonic() + START_SECONDS
    while clock.monotonic() < deadline:
        if not select.select([process.stdout], [], [], 1.0)[0]:
            continue
        if process.stdout.readline() == _READY:
            return
        if process.wait(START_SECONDS) == _NO_AMQTT:
            raise ConfigError(f"no broker: {how_to_get('demo')}, or install mosquitto")
        raise ConfigError(f"the embedded broker ended at once; is port {port} taken?")
    raise ConfigError(f"the embedded broker is not ready after {START_SECONDS:.0f} s")


async def _serve(port: int, program: str | None) -> bool:
    """Runs the broker until the input ends or SIGTERM or SIGINT comes; False: it ended itself."""
    leave = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, leave.set)
    _watch_parent(loop, leave)
    if program is not None:
        return await _run_mosquitto(program, port, leave)
    await _start_amqtt(port)
    log.info("embedded broker: listening on %s:%d, MQTT 3.1.1", HOST, port)
    os.write(_STDOUT, _READY)
    await leave.wait()
    return True


async def _run_mosquitto(program: str, port: int, leave: asyncio.Event) -> bool:
    if broker_answers(HOST, port):  # another broker's answer would look like ours
        return False
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "mosquitto.conf"
        config.write_text(_MOSQUITTO.format(port=port, host=HOST))
        process = await asyncio.create_subprocess_exec(program, "-c", config, stdout=_STDERR)
        ended = asyncio.create_task(process.wait())
        ended.add_done_callback(lambda _task: leave.set())
        if await _listens(port, leave):
            log.info("embedded broker: %s listens on %s:%d", program, HOST, port)
            os.write(_STDOUT, _READY)
        await leave.wait()
        asked = not ended.done()
        if asked:
            process.terminate()
        await ended
        return asked


async def _listens(port: int, leave: asyncio.Event) -> bool:
    """Waits for the port; False: we are to leave before."""
    while not leave.is_set():
        if broker_answers(HOST, port):
            return True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(leave.wait(), 0.05)
    return False


async def _start_amqtt(port: int) -> None:
    from amqtt.broker import Broker

    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"{HOST}:{port}"}},
            "plugins": {
                "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
            },
        }
    )
    await broker.start()


def _watch_parent(loop: asyncio.AbstractEventLoop, leave: asyncio.Event) -> None:
    def read() -> None:
        """Our end of the pipe can be read: at its end the parent is gone."""
        if not os.read(_STDIN, 4096):
            leave.set()

    # A file or /dev/null cannot be watched, and tells nothing about a parent.
    with contextlib.suppress(OSError):
        loop.add_reader(_STDIN, read)


def main(arguments: Sequence[str]) -> int:
    """The child: serves; exit code 0 after the end was asked for."""
    parser = argparse.ArgumentParser(prog="agent.demo.broker", description="MQTT broker")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--mosquitto", metavar="PROGRAM", help="run this instead of amqtt")
    options = parser.parse_args(arguments)
    logs.set_up()
    if options.mosquitto:
        return 0 if asyncio.run(_serve(options.port, options.mosquitto)) else 1
    # Clients that come and go, probes of the port among them, are errors to amqtt.
    for library in ("amqtt", "asyncio"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    try:
        import amqtt.broker
        from amqtt.errors import BrokerError
    except ImportError as error:
        log.error("embedded broker: %s", error)  # noqa: TRY400  the fact is enough
        return _NO_AMQTT
    del amqtt
    try:
        asyncio.run(_serve(options.port, None))
    except BrokerError as error:
        log.error("embedded broker: %s", error)  # noqa: TRY400  the fact is enough
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
