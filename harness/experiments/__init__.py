"""Questions to a model on a board that take many invokes, or several sessions. Knows nothing of pytest."""
