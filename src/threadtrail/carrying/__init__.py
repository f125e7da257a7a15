"""Carriers from process to process: ``threadtrail.carrier()`` and ``threadtrail.carried()``."""
