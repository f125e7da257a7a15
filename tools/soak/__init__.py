"""Puts an app under load while its backend fails in every way, to see whether any loss is not counted."""
