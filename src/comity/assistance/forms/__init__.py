"""The shape of what officers type about letters."""
