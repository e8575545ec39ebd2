"""From a camera's frames to motion events: detector, mask, and the worker that owns both.

May import `agent.core`, `agent.imaging`, `agent.runtime` and `schemas`; no other package. Only the
vision worker's thread touches these objects; all others send it a `VisionOrder`.
"""
