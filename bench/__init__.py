"""Speed as ratios: each task against a bare program that does the same work, measured in the same run."""
