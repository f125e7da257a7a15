"""The exporters of the core. Like all others, they are registered by entry points."""
