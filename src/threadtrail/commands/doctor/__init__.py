"""``threadtrail doctor``: checks whether runs will be recorded and delivered, and what to correct."""
