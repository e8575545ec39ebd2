"""The re-offer: an HTTP endpoint from which others see the cameras that only this agent can read.

Imports runtime and core only. It owns its sockets and its viewers; pictures come from vision, which
has turned and blackened them. Only `agent.service.wiring` imports it.
"""
