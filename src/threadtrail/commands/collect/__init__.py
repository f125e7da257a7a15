"""``threadtrail collect``: merges what several processes saw, and exports each run once."""
