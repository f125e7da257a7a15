"""Generations linked to prompts of Langfuse's prompt management."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest
from langfuse import get_client, propagate_attributes

import threadtrail
from langfuse_receiver import PROMPTS
from threadtrail_langfuse import prompt_metadata

if TYPE_CHECKING:
    from langfuse_receiver import Observation
    from langfuse_stage import Stage

NAMED = {"langfuse_prompt_name": "math-tutor", "langfuse_prompt_version": "3"}
PROPAGATES = "prompt" in inspect.signature(propagate_attributes).parameters


def linked(observation: Observation) -> tuple[Any, Any]:
    names = ("langfuse.observation.prompt.name", "langfuse.observation.prompt.version")
    name, version = map(observation.attributes.get, names)
    return name, version


@pytest.mark.parametrize("by", ["run metadata", "attributes"])
def test_a_run_names_its_prompt_and_its_generations_are_linked(stage: Stage, by: str) -> None:
    stage.trace()
    if by == "run metadata":
        stage.run(metadata=NAMED)
    else:
        with threadtrail.attributes(metadata=NAMED):
            stage.run()
    stage.observations()
    assert linked(stage.langfuse.one("generation")) == ("math-tutor", 3)
    assert linked(stage.langfuse.one("agent")) == (None, None)


def test_a_prompt_without_a_usable_version_is_not_linked(stage: Stage) -> None:
    stage.trace()
    stage.run(metadata={"langfuse_prompt_name": "math-tutor", "langfuse_prompt_version": "latest"})
    stage.observations()
    assert linked(stage.langfuse.one("generation")) == (None, None)
    assert stage.langfuse.one("agent").metadata["langfuse_prompt_version"] == "latest"


def test_a_prompt_object_gives_the_metadata(stage: Stage) -> None:
    prompt = get_client().get_prompt("math-tutor")
    assert prompt_metadata(prompt) == NAMED
    stage.trace()
    with threadtrail.attributes(metadata=prompt_metadata(prompt)):
        respond(stage)
    respond(stage, metadata=prompt_metadata(prompt))
    respond(stage)
    stage.observations()
    links = [linked(each) for each in stage.langfuse.of("generation")]
    assert links == [("math-tutor", 3), ("math-tutor", 3), (None, None)]


def test_without_content_the_app_can_still_name_it(stage: Stage) -> None:
    stage.trace(settings={"capture_content": False})
    with threadtrail.attributes(metadata=NAMED):
        respond(stage)
    stage.observations()
    assert linked(stage.langfuse.one("generation")) == ("math-tutor", 3)


def test_a_fallback_is_no_version_of_the_prompt(stage: Stage) -> None:
    stage.langfuse.missing.add(PROMPTS)
    prompt = get_client().get_prompt("math-tutor", fallback="You are patient.", max_retries=0)
    assert prompt.compile() == "You are patient."
    assert prompt_metadata(prompt) == {}


@pytest.mark.skipif(not PROPAGATES, reason="this SDK does not propagate prompts")
def test_a_prompt_that_the_app_propagates_is_linked(stage: Stage) -> None:
    prompt = get_client().get_prompt("math-tutor")
    stage.trace()
    with propagate_attributes(prompt=prompt):
        respond(stage)
    stage.observations()
    assert linked(stage.langfuse.one("generation")) == ("math-tutor", 3)


def respond(stage: Stage, **options: Any) -> Any:
    return stage.client.responses.create(model="gpt-5.2", input="Solve 3x + 11 = 14.", **options)
