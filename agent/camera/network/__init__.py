"""Connections to cameras: addresses, look-up, TCP, trust."""
