"""``threadtrail compare``: two recordings side by side, turn by turn, and their differences."""
