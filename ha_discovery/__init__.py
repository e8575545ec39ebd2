"""Home Assistant's discovery payloads as pure functions of the configuration.

May import `schemas` only. No other package writes a key of a discovery payload.
"""
