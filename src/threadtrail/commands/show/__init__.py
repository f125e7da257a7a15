"""``threadtrail show``: the console's trees of a recording, and its numbers."""
