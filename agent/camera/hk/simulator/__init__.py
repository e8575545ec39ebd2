"""A simulated camera of the family, for tests and the demo."""
