"""Looks: the frame, the components, the words."""
