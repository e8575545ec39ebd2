"""From clip parts to files in the image store, through a local spool.

The packages, in the order of a frame's way:

- `recording`: JPEG to H.264 fragments, and the recorder's thread
- `records`, `spool`: what waits on the local disk
- `store`: the thread that moves it, and the child process at the other end of the pipe
- `day`: a camera's day in the store, over `container` (file formats) and `filesystem`
- `reading`, `verify`: for the page, and for the command `verify`

May import `agent.runtime`, `agent.core`, `agent.imaging`. Only the child process touches the image
store; it imports the standard library, `agent.core`, `agent.runtime.clock` and its own modules of
this package, so that it starts fast and stays small. This file imports nothing for the same reason.
"""
