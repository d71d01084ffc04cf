"""The wire: bytes to commands, records and log lines, and back. `docs/protocol.md` is its specification."""
