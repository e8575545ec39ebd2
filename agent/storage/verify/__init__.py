"""`surveillance-agent verify`: is everything as it was written?"""
