"""The beeper: what it plays, the child process that plays it, the thread that owns the child.

`tones` is pure (samples), `device` is the child, `speaker` the parent's end of it, `beeper` the
owner thread. May import `agent.runtime` and `agent.core`. Nobody but `agent.service.wiring` touches
it; no other process than the child ever loads PortAudio. When to beep is the engine's decision.
"""
