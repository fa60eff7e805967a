"""What happened: an append-only journal written in the command's own transaction."""
