"""Threads, mailboxes, clocks, logs: the only room that makes threads and reads time.

May import `agent.core`. Every other room of the agent may import it.
"""
