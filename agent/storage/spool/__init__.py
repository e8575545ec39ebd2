"""What is recorded and not yet safe in the store, in a local folder."""
