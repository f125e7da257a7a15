"""``threadtrail status``: the runs that were created and never seen to end."""
