"""What a run found out, on disk: one file that all reports are made of."""
