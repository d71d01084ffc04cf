"""YAML cases: tests of a model that need no Python. `docs/cases.md` describes the format for those who write them."""
