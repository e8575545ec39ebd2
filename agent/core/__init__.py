"""Decisions without input or output: what motion is, what a clip contains, what is said of it.

May import `schemas` and numpy. Never a socket, a thread, a file, a clock: `now` is an argument.
"""
