"""Commands for the family: list cameras, name the datagrams of a capture."""
