"""The HTTP exchange of a call: what was sent, what came back, how often the request was repeated.

Every response passes ``_process_response`` of the base clients (openai 1.21 to 3.57) before it is parsed. Its
body and that of its request are bytes that nobody can change, and hold what was really sent, so they are
noted instead of copies of arguments and objects. If the SDK lacks that method, arguments and objects are
copied.

While a call is under way, other requests may be made that are not recorded: a moderation in the app's hook of
its HTTP client, or in a validator of a model that ``parse`` reads. They are known by the path in ``options``:
its end is what the SDK's method asks for, whatever a client puts before it, such as a deployment.

Before each further attempt the base clients call ``_sleep_for_retry`` (``_retry_request`` in older versions
of openai 1). If the SDK lacks both, retries are not counted.
"""

from __future__ import annotations

import functools
from contextlib import contextmanager
from contextvars import ContextVar, Token
from inspect import getfullargspec
from types import FunctionType
from typing import TYPE_CHECKING, Any

from threadtrail._guard import guard
from threadtrail.instrumentation.copies import copy_arguments
from threadtrail.instrumentation.elsewhere import elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from threadtrail.recording.observation import Call

REQUEST_ID = "x-request-id"
"""The header that holds the server's id of the request."""

REQUEST_ID_FIELD = "_request_id"
"""The attribute in which the SDK keeps it, of an object that it has parsed (openai 1.46 to 3.57)."""

NOT_SEARCHED: Any = object()

current_call: ContextVar[Call | None] = ContextVar("threadtrail_call", default=None)

# Bound once: for a method of an imported name, Python 3.11 makes an object per call.
set_call: Callable[[Call], Token[Call | None]] = current_call.set
reset_call: Callable[[Token[Call | None]], None] = current_call.reset


def reset(token: Token[Call | None]) -> None:
    """Undo ``current_call.set(call)``: later requests do not belong to the call."""
    try:  # noqa: SIM105 - on the hot path, where suppress() costs as much as the rest of this
        current_call.reset(token)
    except ValueError:
        pass  # closed in another context, in which it was never set


@contextmanager
def requests_of(call: Call) -> Iterator[None]:
    """Make the requests within this block belong to the call; too slow for the hot path."""
    token = current_call.set(call)
    try:
        yield
    finally:
        reset(token)


def note_retry(wrapped: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Count a retry; wraps the method that the SDK calls before each one, so other calls cost nothing."""
    call = current_call.get()
    if call is not None and asks_for(call, _options_of(args, kwargs)):
        call.retry_count += 1
    return wrapped(*args, **kwargs)


def _options_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return the options of a request that is retried; ``None`` if the SDK passes none."""
    given = (kwargs.get("options"), *args)
    return next((each for each in given if hasattr(each, "url")), None)


def watch_response(original: Any) -> Any:
    """Wrap the method that the SDK calls with each response, sync or async.

    The wrapper is a plain function: one of ``wrapt`` would take as long as all the rest of this. The method
    is private, so no app depends on what kind of function it is.
    """
    exact = _with_known_parameters(original)
    return exact if _take_the_same(original, exact) else _with_any_parameters(original)


def _with_known_parameters(original: Any) -> Any:
    """Wrap it as most versions of the SDK have it: no dict of the parameters, a tenth of a call's cost."""

    @functools.wraps(original)
    def _process_response(  # noqa: PLR0913 - the SDK's parameters
        self: Any,
        *,
        cast_to: Any,
        options: Any,
        response: Any,
        stream: Any,
        stream_cls: Any,
        retries_taken: Any = 0,
    ) -> Any:
        _note_response(self, options, response, stream)
        return original(
            self,
            cast_to=cast_to,
            options=options,
            response=response,
            stream=stream,
            stream_cls=stream_cls,
            retries_taken=retries_taken,
        )

    return _process_response


def _with_any_parameters(original: Any) -> Any:
    @functools.wraps(original)
    def _process_response(*args: Any, **kwargs: Any) -> Any:
        client = args[0] if args else None
        _note_response(client, kwargs.get("options"), kwargs.get("response"), kwargs.get("stream"))
        return original(*args, **kwargs)

    return _process_response


def _take_the_same(one: Any, other: Any) -> bool:
    """Return whether both are plain functions with the same parameters and defaults, annotations apart."""
    if not (isinstance(one, FunctionType) and isinstance(other, FunctionType)):
        return False
    return getfullargspec(one)[:-1] == getfullargspec(other)[:-1]


def _note_response(client: Any, options: Any, response: Any, stream: Any) -> None:
    call = current_call.get()
    if call is not None:
        # Another client may ask for the same path meanwhile, by a method that the app took from its class
        # before it was patched. It may also answer in place of the call's own client, then as the only one.
        if (call.response is None or client is call.client) and asks_for(call, options):
            call.response = response
            call.is_stream = bool(stream)
    elif not elsewhere.answered:
        elsewhere.note_answer()


def asks_for(call: Call, options: Any) -> bool:
    """Return whether these options of a request are those of the call's own, not of another within it.

    If a version of the SDK has no path there, they are: nothing says that they are not. The URL is noted if
    it has the call's ids.
    """
    operation = call.operation
    try:
        url = options.url if isinstance(options.url, str) else str(options.url)
        path, parts = operation.parsed_path, url.split("/")
        plain = (  # nearly always, and faster
            len(parts) == path.length and path.fixed(parts) == path.text and "%" not in url and "?" not in url
        )
        is_own = plain or operation.asks_for(url)
    except AttributeError:
        return True
    except BaseException as error:
        if not guard.contain("recognising a request", error):
            raise
        return True
    if is_own and call.given is not None:  # else the call is over, but a task that began within it goes on
        call.url = url if plain else None
    return is_own


def take_exchange(call: Call, result: object = None) -> Any:
    """Note what was sent, and return the response; ``None`` if the SDK does not show it.

    ``result`` is what the app gets. Of the exchange, the call keeps only bytes and, once per run, the
    server's id of the request. A response, or its headers, that stayed alive in the queue would cost the
    app's thread, which could not reuse their memory.
    """
    response = call.response
    if response is not None:
        operation = call.operation
        if not operation.looks_at_run:  # such a request has nothing but the run's id
            note_request(call, response.request)
        if operation.creates_run:
            # Headers take long to search; if the app gets an object, the SDK has searched them.
            found = getattr(result, REQUEST_ID_FIELD, NOT_SEARCHED)
            call.request_id = response.headers.get(REQUEST_ID) if found is NOT_SEARCHED else found
    elif call.given:
        call.request = copy_arguments(call.given)
    call.response = None
    call.forget_arguments()
    return response


def note_request(call: Call, request: Any) -> None:
    """Note the body of a request, or its query if it has none; the query of a look at one run is left out."""
    try:
        call.request = body = request.content
    except RuntimeError:  # a streamed upload, whose content is not kept anywhere
        return
    if not body and not call.operation.looks_at_run:
        call.query = request.url.query
