"""RTSP (RFC 2326) spoken by ourselves: requests, RTP, and access units out of its packets.

Pure: `sdp`, `rtp`, `units`, `jpeg`, `framing`. Shells: `talk` (requests), `links` (how the packets
come), `session`. FFmpeg only decodes. An interrupted read of FFmpeg would lose its place in the
stream, and during its read no other code could look at orders.
"""
