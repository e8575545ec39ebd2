"""Writes the entity table of the docs; the running agent never imports it."""
