"""Recordings: reads files of events, as ``jsonl`` writes them."""
