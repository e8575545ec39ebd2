"""The running agent: builds every part, starts, watches and stops them, carries out what is decided."""
