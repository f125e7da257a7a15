"""The state of the server for Responses and Conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from threadtrail.testing.server.errors import missing_parameter
from threadtrail.testing.server.responses import errors, history
from threadtrail.testing.server.responses.objects import new_conversation, new_response
from threadtrail.testing.server.responses.player import ResponsePlayer
from threadtrail.testing.server.responses.scene import Continuations, Scene
from threadtrail.testing.server.script import RunRequest, RunScript

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from threadtrail.testing.server.objects import Json

# Even a server whose items all have one id needs these to differ.
_MADE_UP = ("call_", "cntr_", "file-")


class World(Protocol):
    """What the store needs from the server."""

    def now(self) -> int:
        """Return the time in whole seconds."""

    def new_id(self, prefix: str) -> str:
        """Return a new id."""

    def choose_script(self, thread_id: str, assistant: Mapping[str, Any], request: RunRequest) -> RunScript:
        """Return the script of the next run."""


class ResponsesStore:
    """Responses and conversations. Every method is called with the server's lock held."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.responses: dict[str, ResponsePlayer] = {}
        self.conversations: dict[str, Json] = {}
        self.items: dict[str, list[Json]] = {}
        self._continuations = Continuations()

    def now(self) -> int:
        """Return the time in whole seconds."""
        return self._world.now()

    def new_id(self, prefix: str) -> str:
        """Return a new id."""
        return self._world.new_id(prefix)

    # -- look-ups -------------------------------------------------------------------------

    def response(self, response_id: str) -> ResponsePlayer:
        """Return a response.

        Raises:
            ApiError: there is none with this id, or it was not stored.
        """
        player = self.responses.get(response_id)
        if player is None or not player.body["store"]:
            raise errors.not_found("Response", response_id)
        return player

    def conversation(self, conversation_id: str) -> Json:
        """Return a conversation.

        Raises:
            ApiError: there is none with this id.
        """
        if conversation_id not in self.conversations:
            raise errors.not_found("Conversation", conversation_id)
        return self.conversations[conversation_id]

    def item(self, conversation_id: str, item_id: str) -> Json:
        """Return an item of a conversation.

        Raises:
            ApiError: there is no such conversation or item.
        """
        self.conversation(conversation_id)
        for item in self.items[conversation_id]:
            if item.get("id") == item_id:
                return item
        raise errors.not_found("Item", item_id)

    # -- new objects ----------------------------------------------------------------------

    def create_conversation(self, request: Json) -> Json:
        """Create a conversation with its first items.

        Raises:
            ApiError: the items are not valid.
        """
        first = history.new_items(request.get("items"), self.new_id, "items")
        conversation = new_conversation(self.new_id("conv_"), self.now(), request)
        self.conversations[conversation["id"]] = conversation
        self.items[conversation["id"]] = first
        return conversation

    def add_items(self, conversation_id: str, items: Sequence[Json]) -> None:
        """Put items into a conversation, if it still exists; items that it already has are ignored."""
        kept = self.items.get(conversation_id, [])
        known = {id(item) for item in kept}
        kept += [item for item in items if id(item) not in known]

    def context(self, request: Json) -> tuple[list[Json], list[Json]]:
        """Return the items that go before this request, and its own.

        Raises:
            ApiError: what the request refers to does not exist.
        """
        previous, conversation = request.get("previous_response_id"), conversation_of(request)
        if previous and conversation:
            raise errors.both_chains()
        before: list[Json] = []
        if previous:
            player = self.responses.get(previous)
            if player is None or not player.body["store"]:
                raise errors.previous_not_found(previous)
            before = [*player.context, *player.body["output"]]
        elif conversation:
            self.conversation(conversation)
            before = list(self.items[conversation])
        given = history.new_items(request.get("input"), self.new_id)
        return before, [self._referred(item) for item in given]

    def _referred(self, item: Json) -> Json:
        if item.get("type") != "item_reference":
            return item
        kept: list[Sequence[Json]] = list(self.items.values())
        for player in self.responses.values():
            kept += [player.given, player.body["output"]]
        for items in kept:
            for known in items:
                if known.get("id") == item.get("id"):
                    return known
        raise errors.not_found("Item", str(item.get("id")))

    def create_response(self, request: Json) -> ResponsePlayer:
        """Create a response with the script to continue, or else the next one.

        Raises:
            ApiError: the request is not valid.
        """
        self._check(request)
        before, given = self.context(request)
        context = [*before, *given]
        history.check(context)
        conversation = conversation_of(request)
        scene = self._continuations.take(context)
        if scene is None:
            prompt = request.get("prompt") or {}
            asked = RunRequest(conversation or "", prompt, request, context)
            scene = Scene(self._world.choose_script(conversation or "", prompt, asked))
        constant = scene.script.quirks.response_id
        response_id = constant or self.new_id("resp_")
        player = ResponsePlayer(
            new_response(response_id, self.now(), request, conversation),
            scene,
            _Items(self._world, scene.script.quirks.item_id),
            request=request,
            given=given,
            context=context,
            on_end=self._ended,
        )
        self.responses[player.body["id"]] = player
        return player

    def _check(self, request: Json) -> None:
        chained = any(request.get(name) for name in ("prompt", "conversation", "previous_response_id"))
        if not request.get("model") and not chained:
            raise missing_parameter("model")
        if request.get("input") is None and not chained:
            raise errors.no_input()
        if request.get("background") and request.get("store") is False:
            raise errors.background_needs_store()

    def _ended(self, player: ResponsePlayer) -> None:
        plan = player.plan
        if player.body["status"] == "completed" and plan.next_step < len(player.script.steps):
            scene = Scene(player.script, plan.next_step, player.scene.leg + 1, player.scene.submitted)
            self._continuations.add(scene, plan.calls)
        conversation = conversation_of(player.request)
        if conversation and player.body["status"] in {"completed", "incomplete"}:
            self.add_items(conversation, [*player.given, *player.body["output"]])


class _Items:
    """Makes the ids of a response's items, or the same one for all."""

    def __init__(self, world: World, constant: str | None) -> None:
        self._world = world
        self._constant = constant

    def now(self) -> int:
        """Return the time in whole seconds."""
        return self._world.now()

    def new_id(self, prefix: str) -> str:
        """Return a new id."""
        if self._constant and prefix not in _MADE_UP:
            return self._constant
        return self._world.new_id(prefix)


def conversation_of(request: Mapping[str, Any]) -> str | None:
    """Return the id of the conversation that a request names, as a text or as an object."""
    given = request.get("conversation")
    found = given.get("id") if isinstance(given, dict) else given
    return found or None
