"""paho, where it is stricter or more patient than an agent may be."""

from __future__ import annotations

import struct

from paho.mqtt import client as paho
from paho.mqtt.enums import MQTTErrorCode

#: What a broker may send us in one packet (MQTT 5 tells it): commands have at most 4 kB. Longer
#: ones end the connection.
MAX_INCOMING = 64 * 1024


class Client(paho.Client):
    """A paho client that bounds what it reads, and steps over messages that it cannot read.

    - A broker that lies about its length could make paho keep 256 MB: here that ends the
      connection.
    - A broker passes on properties that paho calls malformed (Mosquitto: a payload format indicator
      of 7). paho would end the connection or lose its thread. So any sender of one message could
      cut us off. Here only that message is lost. The agent acknowledges it. Otherwise twenty such
      messages would fill the window of messages that the broker sends without acknowledgement.

    Attributes:
        unreadable: messages that were stepped over.
    """

    unreadable = 0

    def _sock_recv(self, bufsize: int) -> bytes:
        if bufsize > MAX_INCOMING:
            raise OSError(f"the broker announced a packet of {bufsize} bytes")
        return super()._sock_recv(bufsize)

    def _handle_publish(self) -> MQTTErrorCode:
        first, data = int(self._in_packet["command"]), bytes(self._in_packet["packet"])
        try:
            return super()._handle_publish()
        except Exception:  # noqa: BLE001  paho raises what it likes for what it cannot read
            self.unreadable += 1
            return self._acknowledge(first, data)

    def _acknowledge(self, first: int, data: bytes) -> MQTTErrorCode:
        """PUBACK of what could not be read; QoS 2 is never subscribed to."""
        if first & 0x06 != 0x02:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        try:
            (length,) = struct.unpack_from("!H", data)
            (mid,) = struct.unpack_from("!H", data, 2 + length)
        except struct.error:  # no message at all: the broker itself talks nonsense
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        return self._send_puback(mid)
