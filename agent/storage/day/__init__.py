"""One camera's day in the store: its files, its clips and pictures, its manifest."""
