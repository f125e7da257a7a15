"""The command ``threadtrail exporters``."""
