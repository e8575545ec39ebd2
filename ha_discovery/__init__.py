"""Home Assistant's discovery payloads as pure functions of the configuration.

May import `schemas` only. Nobody else writes a key of a discovery payload.
"""
