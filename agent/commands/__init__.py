"""Commands of the program that are more than a few lines; `agent.cli` says which."""
