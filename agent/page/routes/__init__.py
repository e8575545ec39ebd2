"""The page's requests, one module for each kind; each makes its routes from a `Context`."""
