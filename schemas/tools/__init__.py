"""Writes the committed JSON Schemas and generated pages; the running agent never imports it."""
