"""Comity: a node that a justice authority runs itself."""
