"""What the two people of a pair, and their assistants, do on the pair's own page."""
