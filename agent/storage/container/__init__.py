"""Bytes of file formats: MP4, Matroska, H.264. Pure."""
