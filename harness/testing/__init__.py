"""What stands between pytest's hooks and the harness: the run's lifetime, YAML items, figures and logs per test."""
