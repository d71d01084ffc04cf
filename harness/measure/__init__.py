"""Pure arithmetic on what was measured: latency statistics, arena sizing, comparison. Knows nothing of the rest."""
