"""``threadtrail demo``: Responses, then two walk-throughs of the Assistants API, played on a local server."""
