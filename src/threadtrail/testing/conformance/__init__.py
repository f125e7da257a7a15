"""The conformance kit: whether an exporter keeps the rules. ``threadtrail.testing.ExporterConformance``."""
