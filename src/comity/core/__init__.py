"""What would be true without a website: formats, proofs, law as data. Imports no Django."""
