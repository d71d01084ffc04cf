"""The charts of the page, one kind per file."""
