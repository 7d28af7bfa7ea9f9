"""The law as data: bases, letters and offences, each with its source and certainty."""
