"""From clip parts to files in the image store, through a local spool.

What lives here, in the order of a frame's way: `encoder` and `cutter` (JPEG to H.264 fragments),
`recorder` (the thread that runs them), `records` and `spool` (what waits on the local disk),
`store` and `childlink` (the thread that moves it), `child` (the process at the other end of the
pipe) with `guard`, `camera_day`, `manifest`, `purge`, and the day's file: `dayfile`, `recovery`,
`daystate`, `clip` over `boxes`, `h264`, `moov`, `fragments`, `files`.

May import `agent.runtime`, `agent.core`, `agent.imaging`. Only the child process touches the image
store; it imports the standard library, `agent.core`, `agent.runtime.clock` and its own modules of
this package, so that it starts fast and stays small. This file imports nothing for the same reason.
"""
