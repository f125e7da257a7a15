"""Collecting: events of several processes are read where these put them, merged, and exported once."""
