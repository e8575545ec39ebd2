"""The configuration: read, checked as a whole, compared; every mistake is named."""
