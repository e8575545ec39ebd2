"""Tuning: stored clips through the very code that judges live, and reports about it.

May import `agent.config.loader`, `agent.core`, `agent.imaging`, `agent.runtime`, `agent.vision`,
`agent.camera` (one live picture) and `schemas`.
Nobody but the command line imports it: a running agent neither needs nor loads it.
"""
