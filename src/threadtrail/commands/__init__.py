"""The subcommands of ``threadtrail``: a folder each, listed in ``cli.py``."""
