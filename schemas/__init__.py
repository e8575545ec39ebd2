"""The contract with the outside: topics, payloads, settings, configuration, commands.

Imports pydantic and nothing of ours; everybody may import it. What stands here is promised by SemVer.
"""
