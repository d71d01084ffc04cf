"""Images of others: brought onto a board, listened to, and judged by what they log."""
