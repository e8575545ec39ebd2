"""From a camera's frames to motion events: detector, mask, and the worker that owns both.

May import `agent.core`, `agent.imaging`, `agent.runtime` and `schemas`; no other room. Only the
vision worker's thread touches what lives here; everybody else sends it a `VisionOrder`.
"""
