"""From what was observed to what happened: one component follows each run from create to its end."""
