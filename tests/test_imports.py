"""What `import threadtrail` and `instrument()` load, which takes most of their time."""

from __future__ import annotations

import pytest

from fresh_process import imported_by

LIGHT = {
    "threadtrail",
    "threadtrail._active_span",
    "threadtrail._api",
    "threadtrail._foreign",
    "threadtrail._frozen",
    "threadtrail._guard",
    "threadtrail._in_force",
    "threadtrail._late",
    "threadtrail._own_work",
    "threadtrail._quick",
    "threadtrail._text",
    "threadtrail.callers",
    "threadtrail.blocks",
    "threadtrail.context",
    "threadtrail.errors",
    "threadtrail.grouping",
    "threadtrail.parts",
    "threadtrail.steps",
    "threadtrail.values",
}
"""All that `import threadtrail` loads of ours."""

LATE = {
    "threadtrail.cli",
    "threadtrail.collecting",
    "threadtrail.commands",
    "threadtrail.doctor",
    "threadtrail.exporters",
    "threadtrail.merging",
    "threadtrail.notebook",
    "threadtrail.otlp",
    "threadtrail.prices",
    "threadtrail.recordings",
    "threadtrail.shape",
    "threadtrail.testing",
    "threadtrail.trace_shape",
}
"""What only some programs use; recording runs needs none of it."""

FOREIGN = {"argparse", "dotenv", "genai_prices", "opentelemetry", "pydantic_settings", "rich", "starlette"}
"""Libraries that take long to import, and that recording runs does not need."""


@pytest.mark.slow
def test_importing_threadtrail_loads_a_dozen_small_modules() -> None:
    loaded = imported_by("import threadtrail")
    assert {name for name in loaded if name.partition(".")[0] == "threadtrail"} == LIGHT


@pytest.mark.slow
def test_instrumenting_loads_only_what_records() -> None:
    instrumented = "import threadtrail; threadtrail.instrument(exporters=[])"
    loaded = imported_by(instrumented, after="import openai")
    assert "threadtrail.recording.recorder" in loaded
    assert loaded & LATE == set()
    assert {name.partition(".")[0] for name in loaded} & FOREIGN == set()
