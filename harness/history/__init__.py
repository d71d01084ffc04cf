"""What many runs measured: a database of figures, and since when a figure is what it is.

`database` keeps the runs, `points` are what a figure was night by night, `changes` finds since when it is what it is.
"""
