"""The broker: what comes in as commands, what goes out, and what must not be lost on the way.

May import `agent.runtime`, `agent.core`, `schemas`. `connection` is the only file that knows paho,
`journal` the only one that knows SQLite. No other package touches either.
"""
