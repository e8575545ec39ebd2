"""Reading the store for people who look: a child process of its own, each answer with a deadline.

Separate from the writing child, because viewers of films must not delay the recording.
"""
