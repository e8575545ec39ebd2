"""Surveillance agent: camera, detector, recorder, MQTT. Start reading at `agent.service.app`.

Nothing is imported here, so that the light child processes (store, beeper) stay light.
"""

__version__ = "0.2.0"
