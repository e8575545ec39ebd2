"""The HK family of UDP cameras: packets, assembler and link are pure, `udp` knows the socket.

May import `agent.camera.scenes` (the simulator only), `agent.runtime` and `agent.core`. Only
`agent.camera.source` and the command line may import it.

Way of a frame: `udp` receives, `link` says what the datagram is, `assembler` orders the datagrams,
`cutter` cuts out the frames, `udp` hands them to `on_frame`. `simulator*` is the camera's side.
A second dialect of the family would be another link beside `link.py`, with the same five verbs.
"""
