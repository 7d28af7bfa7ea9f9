"""Sanctions and dual-use screening: nothing here yet."""
