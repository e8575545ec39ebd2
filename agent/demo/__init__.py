"""The demo: the whole agent with a simulated camera and a broker of its own."""
