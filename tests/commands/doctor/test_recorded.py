"""What the doctor reports as recorded of the installed SDK, and as not recorded."""

from __future__ import annotations

import pkgutil
from typing import TYPE_CHECKING

import openai
import openai.resources.beta
import pytest

from doctors_visit import doctor
from threadtrail.sources import SOURCES, apis
from unpacked import unpacked

if TYPE_CHECKING:
    from pathlib import Path

    from doctors_visit import Visit

ABOUT_NO_MODEL = {
    "admin",
    "beta.beta",
    "content_provenance_checks",
    "decisions",
    "models",
    "safety",
    "skills",
}
"""Modules of the SDK that nobody expects to be recorded."""


def test_of_the_sdk_of_the_tests(visit: Visit) -> None:
    assert visit().of("recorded") == [
        ("ok", f"Of openai {openai.__version__}: Responses, Conversations, webhooks, Assistants."),
        (
            "ok",
            (
                "Not recorded: chat completions, embeddings, realtime and live sessions, responses over a "
                "WebSocket (responses.connect), agents and ChatKit, audio, images, videos, moderations, "
                "batches, evals, fine-tuning, files and vector stores."
            ),
        ),
    ]


@pytest.mark.slow
@pytest.mark.sdks
@pytest.mark.parametrize(
    ("version", "recorded", "newer"),
    [
        ("1.21.0", "Assistants", "realtime"),
        ("1.66.0", "Responses, Assistants", "evals"),
        ("1.109.1", "Responses, Conversations, webhooks, Assistants", "WebSocket"),
    ],
)
def test_of_an_older_sdk(here: Path, version: str, recorded: str, newer: str) -> None:
    found = doctor(here, PYTHONPATH=unpacked(f"openai-{version}")).of("recorded")
    assert found[0] == ("ok", f"Of openai {version}: {recorded}.")
    assert found[1][1].startswith("Not recorded: chat completions, embeddings, ")
    assert newer not in found[1][1]


def test_what_the_sources_patch_is_what_is_said_to_be_recorded() -> None:
    patched = {resource.module for source in SOURCES for resource in source.resources}
    for api in apis.RECORDED:
        for module in api.modules:
            assert any(name.startswith(f"openai.resources.{module}") for name in patched), module
    said = tuple(f"openai.resources.{module}" for api in apis.RECORDED for module in api.modules)
    assert [module for module in patched if not module.startswith(said)] == []


def test_every_api_of_the_sdk_is_one_or_the_other() -> None:
    names = {module.name for module in pkgutil.iter_modules(openai.resources.__path__)} - {"beta"}
    names |= {f"beta.{module.name}" for module in pkgutil.iter_modules(openai.resources.beta.__path__)}
    named = {module for api in (*apis.RECORDED, *apis.NOT_RECORDED) for module in api.modules}
    assert names - named <= ABOUT_NO_MODEL
