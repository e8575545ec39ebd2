"""The running agent: builds all parts, starts, watches and stops them, does what is decided."""
