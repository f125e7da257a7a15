"""What an app passes from process to process: ``threadtrail.carrier()`` and ``threadtrail.carried()``."""
