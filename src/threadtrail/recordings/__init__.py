"""Recordings: files of events as ``jsonl`` writes them, read back for people to look at."""
