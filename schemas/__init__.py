"""The contract with the outside: topics, payloads, settings, configuration, commands.

Imports pydantic and nothing of ours; everybody may import it. SemVer covers it.
"""
