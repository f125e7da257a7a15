"""``threadtrail demo``: two well-known walk-throughs of the Assistants API, played on a local server."""
