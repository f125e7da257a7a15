"""``threadtrail replay``: sends a recording to exporters, with its own times and ids."""
