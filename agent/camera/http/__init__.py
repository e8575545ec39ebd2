"""Cameras that send JPEGs over HTTP, and the small client that they need."""
