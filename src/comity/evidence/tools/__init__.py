"""What runs in the sandbox on one file: plain Python, no Django, no key, no network."""
