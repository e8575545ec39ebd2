"""One connection to the broker, from CONNECT to its end: this file and `paho_client` know paho.

Each connection has a new paho client. A client that reconnects by itself would first send its old
messages, and the states in them are no longer true. `connect_async` and `loop_start` are paho's
documented way. Each callback is one put: a callback that raises kills paho's thread, and one that
waits delays every acknowledgement.
"""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, LogLevel, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from agent.core.errors import ConfigError
from agent.mqtt.attempts import Protocol
from agent.mqtt.connection_errors import Why, from_disconnect, from_error, from_reason_code
from agent.mqtt.connection_news import (
    Accepted,
    BrokerAge,
    Ended,
    HomeSaid,
    Message,
    Opened,
    Sent,
    Signal,
    Subscribed,
)
from agent.mqtt.options import MqttOptions
from agent.mqtt.paho_client import MAX_INCOMING, Client
from agent.mqtt.router import BIRTH, WILL
from agent.mqtt.tls_probe import speaks_tls
from agent.runtime.redaction import excerpt
from agent.runtime.tls import client_context
from schemas.messages import Publish

#: MQTT 5.0 section 3.2.2.3.3: what counts as "not limited".
NO_RECEIVE_MAXIMUM = 65_535
#: What Mosquitto says about itself: "123 seconds", retained, new each 10 s.
UPTIME = "$SYS/broker/uptime"
_SECONDS = re.compile(rb"(\d{1,10})(?: seconds)?$")
#: MQTT 5.0 section 3.4.2.1, in PUBACK.
NO_SUBSCRIBERS = 0x10
#: Seconds for TCP; TLS has the keep-alive time in paho.
CONNECT_TIMEOUT = 5.0


#: What paho calls, by its names; ours have an underscore before.
_CALLBACKS = (
    "on_connect",
    "on_connect_fail",
    "on_disconnect",
    "on_subscribe",
    "on_publish",
    "on_message",
    "on_log",
    "on_socket_open",
)


class Connection:
    """A paho client for one connection.

    `on_signal` and `on_message` are called in paho's thread and must only hand over. `hears` is
    asked there whether a message of that topic is still taken.
    """

    def __init__(
        self,
        options: MqttOptions,
        protocol: Protocol,
        on_signal: Callable[[Signal], object],
        on_message: Callable[[Message], object],
        *,
        hears: Callable[[str], bool] = lambda _topic: True,
        as_bridge: bool = True,
        is_known: bool = False,
    ) -> None:
        """Makes one attempt; `is_known`: the broker took an earlier one, so its port is right."""
        self.protocol = protocol
        self._is_known = is_known
        self._as_bridge = as_bridge
        self._options = options
        self._signal = on_signal
        self._message = on_message
        self._hears = hears
        self._answered = False
        self._ended = False
        self._given_up = False
        self._last_error = ""
        self._aged = False
        self._client = self._make_client()

    def start(self) -> Why | None:
        """Begins to connect; what comes of it is signalled. A `Why` when it cannot even begin."""
        options = self._options
        properties = None
        if self.protocol == "5":
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's
            properties.MaximumPacketSize = MAX_INCOMING
        try:
            options.host.encode("idna")  # paho's thread would die of a name like "a..b"
            if options.username is not None:
                self._client.username_pw_set(options.username, options.password())
            self._set_tls()
            self._client.connect_async(
                options.host, options.port, options.keepalive, properties=properties
            )
        except ConfigError as error:
            return Why("refused", str(error))
        except (OSError, ValueError) as error:
            return self._cannot_begin(error)
        self._client.loop_start()
        return None

    def subscribe(self) -> None:
        """Subscribes to the commands and to Home Assistant's status."""
        options = self._options
        commands = (*options.filters, *options.slips)
        filters: list[Any] = [(f, self._command_options()) for f in commands]
        plain = SubscribeOptions(qos=1) if self.protocol == "5" else 1
        if options.echo is not None:
            filters.append((options.echo, plain))
        if options.status_topic is not None:
            filters += [(options.status_topic, plain), (UPTIME, plain)]
        self._client.subscribe(filters)

    def publish(self, message: Publish) -> int | None:
        """Hands a message to paho; its id for `Sent`, or None when there is no connection."""
        info = self._client.publish(
            message.topic,
            message.payload,
            message.qos,
            message.retain,
            properties=_properties(message) if self.protocol == "5" else None,
        )
        return info.mid if info.rc == paho.MQTT_ERR_SUCCESS else None

    @property
    def unreadable(self) -> int:
        """Messages that nobody could read."""
        return self._client.unreadable

    def hang_up(self) -> None:
        """Says DISCONNECT; `Ended` follows when it is written."""
        self._client.disconnect()

    def give_up(self) -> None:
        """Ends it in any state; waits (at most 1 s) for paho's thread after `Ended`.

        Before that the thread may sit in a name look-up or a TLS handshake: it is a daemon, and
        hangs up should it ever come back.
        """
        self._given_up = True
        self._client.disconnect()
        if self._ended:
            with suppress(AttributeError):  # paho forgets its thread as that ends: a race in it
                self._client.loop_stop()
            for name in _CALLBACKS:  # else its sockets stay open until the cycles are collected
                setattr(self._client, name, None)

    # -------------------------------------------------------------- making the client

    def _make_client(self) -> Client:
        options = self._options
        five = self.protocol == "5"
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=options.client_id,
            clean_session=None if five else True,
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        if not five and self._as_bridge:
            client.enable_bridge_mode()
        client.connect_timeout = CONNECT_TIMEOUT
        client.reconnect_delay_set(0, 0)  # after a failed connect its thread ends immediately
        client.max_queued_messages_set(100)
        will = options.will
        client.will_set(will.topic, will.payload, will.qos, will.retain)
        for name in _CALLBACKS:
            setattr(client, name, getattr(self, f"_{name}"))
        return client

    def _set_tls(self) -> None:
        tls = self._options.tls
        if tls is None:
            return
        for path in (tls.ca, tls.cert, tls.key):
            if path is not None:
                path.read_bytes()  # the ssl module does not say which file it misses
        self._client.tls_set_context(client_context(tls.ca, tls.cert, tls.key))
        self._client.tls_insecure_set(tls.insecure)

    def _cannot_begin(self, error: Exception) -> Why:
        if isinstance(error, UnicodeError):
            return from_error(error, self._options.where)
        name = getattr(error, "filename", None) or "mqtt.tls"
        words = getattr(error, "strerror", None) or str(error)
        return Why("tls", f"{name}: {words}; check mqtt.tls.ca, cert and key")

    def _command_options(self) -> SubscribeOptions | int:
        """MQTT 5: no replay of retained messages, the retain flag of live ones, no echo."""
        if self.protocol == "3.1.1":
            return 1
        return SubscribeOptions(
            qos=1,
            noLocal=True,
            retainAsPublished=True,
            retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND,
        )

    # -------------------------------------------------------------- callbacks, in paho's thread

    def _on_socket_open(self, _client: paho.Client, _userdata: object, sock: Any) -> None:  # noqa: ANN401  paho's
        with suppress(OSError):  # an event must not wait for the state before it (Nagle)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._signal(Opened())

    def _on_connect(
        self,
        _client: paho.Client,
        _userdata: object,
        _flags: paho.ConnectFlags,
        code: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._answered = True
        if self._given_up:
            self._client.disconnect()
        if code.is_failure:
            self._end(from_reason_code(code.value, code.getName()))
            return
        max_packet = getattr(properties, "MaximumPacketSize", None)
        receive_maximum = getattr(properties, "ReceiveMaximum", NO_RECEIVE_MAXIMUM)
        self._signal(Accepted(max_packet, receive_maximum))

    def _on_connect_fail(self, _client: paho.Client, _userdata: object) -> None:
        # paho calls this while it handles the error, which it does not pass on.
        self._answered = True  # there is no connection, so no answer will come
        tls = self._options.tls is not None
        self._end(from_error(sys.exc_info()[1], self._options.where, tls=tls))

    def _on_disconnect(
        self,
        _client: paho.Client,
        _userdata: object,
        flags: paho.DisconnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._answered = True
            self._end(from_disconnect(code.value, code.getName()))
        elif not self._answered:
            self._end(self._unanswered())
        else:
            words = self._last_error or code.getName().lower()
            self._end(Why("lost", f"{self._options.where}: the connection is gone: {words}"))

    def _unanswered(self) -> Why:
        options = self._options
        if not (options.tls or self._is_known) and speaks_tls(options.host, options.port):
            words = "this port speaks TLS, and the agent does not: set mqtt.tls, {} for a public"
            words += " authority, or use the port without TLS"
            return Why("tls", f"{options.where}: {words}")
        hint = f" ({self._last_error})" if self._last_error else ""
        tls = "; does it want a client certificate?" if options.tls else ""
        words = f"the connection was closed without an answer{hint}{tls}"
        return Why("lost", f"{options.where}: {words}")

    def _on_subscribe(
        self,
        _client: paho.Client,
        _userdata: object,
        _mid: int,
        codes: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        options = self._options
        echo = () if options.echo is None else (options.echo,)
        names = [*options.filters, *options.slips, *echo, options.status_topic or "", UPTIME]
        refused = (n for n, code in zip(names, codes, strict=False) if code.is_failure)
        missed = {*names} - {*options.slips, *echo, UPTIME}
        self._signal(Subscribed(tuple(name for name in refused if name in missed)))

    def _on_publish(
        self,
        _client: paho.Client,
        _userdata: object,
        mid: int,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        error = code.getName() if code.is_failure else None
        self._signal(Sent(mid, error, heard=code.value != NO_SUBSCRIBERS))

    def _on_message(
        self, _client: paho.Client, _userdata: object, message: paho.MQTTMessage
    ) -> None:
        properties = message.properties
        with suppress(UnicodeDecodeError):  # then it is no topic of ours
            if message.topic == UPTIME:
                self._signal_age(message)
                return
            if not self._wanted(message.topic) or not self._hears(message.topic):
                return
            if message.topic == self._options.status_topic:
                self._signal_home(message)
            self._message(
                Message(
                    message.topic,
                    bytes(message.payload),
                    message.retain,
                    getattr(properties, "ResponseTopic", None),
                    getattr(properties, "CorrelationData", None),
                )
            )

    def _signal_age(self, message: paho.MQTTMessage) -> None:
        """Only the first: where its steps lead to is no news."""
        found = _SECONDS.match(message.payload)
        if found is not None and not self._aged:
            self._aged = True
            self._signal(BrokerAge(float(found[1]), message.retain))
            self._client.unsubscribe(UPTIME)

    def _signal_home(self, message: paho.MQTTMessage) -> None:
        word = bytes(message.payload).strip().lower()
        if word in {BIRTH, WILL}:
            self._signal(HomeSaid(word == BIRTH, message.retain))

    def _wanted(self, topic: str) -> bool:
        """False for what we did not ask for: amqtt replays what others have subscribed to."""
        options = self._options
        asked = (*options.filters, *options.slips, options.echo, options.status_topic)
        return topic in asked or any(
            paho.topic_matches_sub(name, topic) for name in asked if name and "+" in name
        )

    def _on_log(self, _client: paho.Client, _userdata: object, level: int, text: str) -> None:
        if level == LogLevel.MQTT_LOG_ERR:
            self._last_error = excerpt(text, 200)

    def _end(self, why: Why) -> None:
        """Signals the end once: a refused connect is followed by a disconnect."""
        if not self._ended:
            self._ended = True
            self._signal(Ended(why, self._answered))


def _properties(message: Publish) -> Properties:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's
    if message.content_type is not None:
        properties.ContentType = message.content_type
    if message.expiry is not None:
        properties.MessageExpiryInterval = message.expiry
    if message.correlation is not None:
        properties.CorrelationData = message.correlation
    return properties
