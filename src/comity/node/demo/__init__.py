"""`comity demo`: two nodes play the main job, from a testimony to verified evidence."""
