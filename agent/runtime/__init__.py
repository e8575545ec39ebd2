"""Threads, mailboxes, clocks, logs: the only package that makes threads and reads time.

May import `agent.core`. Every other package of the agent may import it.
"""
