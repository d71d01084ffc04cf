"""The report of a run as one HTML file, which needs nothing but a browser."""
