"""The HK family of UDP cameras: packets, assembler and link are pure, `udp` knows the socket.

May import `agent.camera.played_pictures` (the simulator only), `agent.runtime` and `agent.core`.
Only `agent.camera.source` and the command line may import it.

Way of a frame: `udp` receives, `link` says what the datagram is, `assembler` orders the datagrams,
`cutter` cuts out the frames, `udp` hands them to `on_frame`. `simulator` is the camera's side.

Two dialects: `packets`, `link`, `assembler`, `camera_side` are the first's, and those with a 2 the
second's, which others have confirmed on hardware, and we have not; `dialects` chooses. `discovery`
and `discover` find cameras, `describe`, `trace` and `capture` tell people what was said.
"""
