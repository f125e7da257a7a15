"""Turns observations into events: one component, the recorder, follows each run from create to its end."""
