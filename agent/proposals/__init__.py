"""Proposals: what would spare marked false alarms, made in a child process, one at a time."""
