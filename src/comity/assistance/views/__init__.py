"""Pages of legal assistance."""
