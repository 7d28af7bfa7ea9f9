"""Matching of names and goods: screening brings it (nothing here yet)."""
