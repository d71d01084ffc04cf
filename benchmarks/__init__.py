"""What the harness costs next to doing the same by hand. `README.md` says how to read the table."""
