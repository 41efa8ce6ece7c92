"""How fast the reference server is, as ratios to a baseline measured in the same run."""
