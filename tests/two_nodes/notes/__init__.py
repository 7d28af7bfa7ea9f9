"""A Django app for tests only: it keeps what notes a node was sent."""
