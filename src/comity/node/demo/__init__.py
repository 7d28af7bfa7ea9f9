"""`comity demo`: two nodes on this machine play the main job from testimony to verified evidence."""
