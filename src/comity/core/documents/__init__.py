"""Documents in Ukrainian, Japanese and English: wording, layout, signatures."""
