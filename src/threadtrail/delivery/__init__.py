"""Delivery: from an event to the exporters, without the app noticing."""
