"""The image store: its thread, and the child process that alone touches it."""
