"""Collecting: reads the events of several processes from a place, merges them, and exports each run once."""
