"""Surveillance agent: camera session, motion detector, recorder, MQTT. Start reading at `agent.app`.

This package imports nothing at its top, so that the light child processes (store, beeper) stay light.
"""

__version__ = "0.1.0"
