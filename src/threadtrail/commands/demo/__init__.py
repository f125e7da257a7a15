"""``threadtrail demo``: responses and two walk-throughs of the Assistants API, played on a local server."""
