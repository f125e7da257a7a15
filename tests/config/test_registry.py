from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from pydantic import Field

from fake_distributions import Installer
from threadtrail import _install
from threadtrail.config import registry
from threadtrail.config.choice import ExporterChoice
from threadtrail.config.exporter_options import in_words
from threadtrail.config.settings import Settings, load_settings
from threadtrail.errors import ConfigurationError
from threadtrail.events import Event
from threadtrail.hookspecs import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator

GOOD = """
    from threadtrail.hookspecs import hookimpl

    class Exporter:
        def __init__(
            self, path: str = "x", size: int = 1, tags: "list[str] | None" = None, api_key: str = ""
        ):
            self.options = {"path": path, "size": size, "tags": tags, "api_key": api_key}

        @hookimpl
        def export(self, events):
            pass
"""


class Recorder:
    """An exporter with every hook, which remembers what it was called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []

    @hookimpl
    def start(self, settings: Settings) -> None:
        self.calls.append(("start", settings))

    @hookimpl
    def capture_context(self) -> str:
        return "context"

    @hookimpl
    def export(self, events: Sequence[Event], contexts: Sequence[object]) -> None:
        self.calls.append(("export", (events, contexts)))

    @hookimpl
    def flush(self, timeout: float) -> bool:
        self.calls.append(("flush", timeout))
        return False

    @hookimpl
    def shutdown(self) -> None:
        self.calls.append(("shutdown", None))

    @hookimpl
    def after_fork(self) -> None:
        self.calls.append(("after_fork", None))


class ExportOnly:
    def __init__(self) -> None:
        self.batches: list[Sequence[Event]] = []

    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        self.batches.append(events)


pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installer]:
    loaded = set(sys.modules)
    yield Installer(tmp_path / "site", monkeypatch)
    for module in set(sys.modules) - loaded:
        del sys.modules[module]


def load(**keywords: Any) -> registry.LoadedExporters:
    return registry.load(load_settings(**keywords))


def load_one(name: str, **options: Any) -> Any:
    (loaded,) = load(exporters={name: options})
    return loaded.exporter


def error_of(**keywords: Any) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        load(**keywords)
    return caught.value


# --- finding -------------------------------------------------------------------------------------


def test_available_lists_what_is_installed_and_imports_nothing(install: Installer) -> None:
    install(
        "my-exporters", {"good": "good_module:Exporter", "broken": "no_such:Thing"}, "2.1", good_module=GOOD
    )
    found = {exporter.name: exporter for exporter in registry.available()}
    assert found["good"] == registry.AvailableExporter("good", "my-exporters", "2.1", "good_module:Exporter")
    assert found["broken"].module == "no_such:Thing"
    assert found["console"].distribution == "threadtrail"
    assert list(found) == sorted(found)
    assert "good_module" not in sys.modules


def test_only_the_named_exporter_is_imported(install: Installer) -> None:
    install("one", {"one": "module_one:Exporter"}, module_one=GOOD)
    install("two", {"two": "module_two:Exporter"}, module_two="raise RuntimeError('imported')")
    (loaded,) = load(exporters="one")
    assert (loaded.name, loaded.distribution, loaded.version) == ("one", "one", "1.0")
    assert "module_one" in sys.modules
    assert "module_two" not in sys.modules


def test_metadata_that_nobody_can_read_does_not_hide_the_others(install: Installer) -> None:
    install("one", {"one": "module_one:Exporter"}, module_one=GOOD)
    install.corrupt("broken")
    assert [loaded.name for loaded in load(exporters="one")] == ["one"]


def test_two_distributions_with_one_name_are_both_reported(install: Installer) -> None:
    install("first-owner", {"same": "module_one:Exporter"}, "1.2", module_one=GOOD)
    install("second-owner", {"same": "module_two:Exporter", "other": "module_two:Exporter"}, module_two=GOOD)
    text = str(error_of(exporters="same"))
    assert "exporters = 'same' (keyword argument): 2 installed distributions provide it: " in text
    assert "first-owner 1.2 and second-owner 1.0. Uninstall all but one: pip uninstall" in text
    assert "module_one" not in sys.modules
    assert len(load(exporters="other")) == 1  # nobody named the one in dispute


def test_settings_made_by_hand_are_checked_as_well() -> None:
    with pytest.raises(ConfigurationError, match=r"'nothing' \(default\): there is no such exporter"):
        registry.load(Settings(exporters=(ExporterChoice("nothing"),)))
    twice = (ExporterChoice("mine", Recorder()), ExporterChoice("mine", Recorder()))
    with pytest.raises(ConfigurationError, match="two exporters have this name"):
        registry.load(Settings(exporters=twice))


def test_an_exporter_that_cannot_be_imported_is_reported_with_its_cause(
    install: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("threadtrail.config.installed.PLUGINS", ("backend",))
    install("one", {"one": "module_one:Exporter"}, module_one="import no_such_backend")
    install("backend-plugin", {"backend": "module_two:Exporter"}, module_two="x = 1")
    error = error_of(exporters=["one", "backend"])
    first, second = error.problems
    assert first.startswith("exporter 'one' (module_one:Exporter, from one 1.0): it cannot be imported: ")
    assert "pip install --force-reinstall one" in first
    assert "ModuleNotFoundError: No module named 'no_such_backend'" in first
    assert f"Install what it needs: {_install.plugin_command('backend')}" in second
    assert isinstance(error.__cause__, ExceptionGroup)
    causes = [type(cause).__name__ for cause in error.__cause__.exceptions]
    assert causes == ["ModuleNotFoundError", "AttributeError"]


def test_an_entry_point_that_is_no_factory_is_reported(install: Installer) -> None:
    install("one", {"one": "module_one", "two": "module_one:nothing"}, module_one="nothing = None")
    for problem in error_of(exporters=["one", "two"]).problems:
        assert "must name a class or a function that returns an exporter" in problem


# --- building ------------------------------------------------------------------------------------


def test_options_reach_the_factory_converted_from_text(
    install: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("one", {"one": "module_one:Exporter"}, module_one=GOOD)
    monkeypatch.setenv("THREADTRAIL_ONE_SIZE", "12")
    monkeypatch.setenv("THREADTRAIL_ONE_TAGS", "a, b")
    assert load_one("one", path="y").options == {"path": "y", "size": 12, "tags": ["a", "b"], "api_key": ""}
    monkeypatch.setenv("THREADTRAIL_ONE_TAGS", '["a,b"]')
    assert load_one("one").options["tags"] == ["a,b"]


def test_options_that_do_not_fit_are_all_reported(
    install: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("one", {"one": "module_one:Exporter"}, module_one=GOOD)
    monkeypatch.setenv("THREADTRAIL_ONE_SIZE", "big")
    error = error_of(exporters={"one": {"pth": "z", "path": 5, "api_key": 3, "api_kee": "sk-1"}})
    text = str(error)
    assert len(error.problems) == 5
    variable = "environment variable THREADTRAIL_ONE_SIZE"
    assert f"option size = 'big' ({variable}): it must be a whole number." in text
    assert "option path = 5 (keyword argument): it must be text." in text
    assert "option pth = 'z' (keyword argument): there is no such option. Did you mean 'path'?" in text
    assert "Options: path, size, tags, api_key." in text
    assert "option api_key = (hidden)" in text
    assert "sk-1" not in text


def test_a_missing_option_is_reported_with_its_variable(install: Installer) -> None:
    module = "def make(public_key: str, *, host='x'): raise AssertionError('must not be called')"
    install("one", {"my-own": "module_one:make"}, module_one=module)
    text = str(error_of(exporters="my-own"))
    assert (
        "option public_key: it is required. Set the environment variable THREADTRAIL_MY_OWN_PUBLIC_KEY"
        in text
    )
    assert '{"my-own": {"public_key": ...}}' in text


def test_a_factory_may_take_any_options(install: Installer) -> None:
    module = """
        from threadtrail.hookspecs import hookimpl
        class Exporter:
            def __init__(self, **options):
                self.options = options
            @hookimpl
            def export(self, events): pass
    """
    install("one", {"one": "module_one:Exporter"}, module_one=module)
    assert load_one("one", anything=1, whatever="x").options == {"anything": 1, "whatever": "x"}


def test_annotations_that_cannot_be_resolved_or_checked_let_values_pass(
    install: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = """
        from __future__ import annotations
        from typing import TYPE_CHECKING, Protocol
        from threadtrail.hookspecs import hookimpl
        if TYPE_CHECKING:
            from nowhere import Client
        class Speaks(Protocol):
            def speak(self) -> None: ...
        class Exporter:
            def __init__(self, client: Client | None = None, size: int = 1, voice: Speaks | None = None,
                         loud=False, plain="x"):
                self.options = (client, size, voice, loud, plain)
            @hookimpl
            def export(self, events): pass
    """
    install("one", {"one": "module_one:Exporter"}, module_one=module)
    monkeypatch.setenv("THREADTRAIL_ONE_SIZE", "3")
    monkeypatch.setenv("THREADTRAIL_ONE_LOUD", "false")
    monkeypatch.setenv("THREADTRAIL_ONE_PLAIN", "7")
    client, voice = object(), object()
    assert load_one("one", client=client, voice=voice).options == (client, 3, voice, False, "7")


def test_a_factory_that_raises_is_reported_and_chained_and_keeps_secrets(install: Installer) -> None:
    module = """
        from threadtrail.errors import ConfigurationError
        def refuse(api_key: str): raise LookupError(f"the backend does not know {api_key}")
        def explain(host="x"): raise ConfigurationError(f"host {host} is down", "and far away")
        def nothing(): pass
    """
    targets = {name: f"module_one:{name}" for name in ("refuse", "explain", "nothing")}
    install("one", targets, module_one=module)
    error = error_of(exporters={"refuse": {"api_key": "sk-secret"}})
    assert "cannot be built: LookupError: the backend does not know (hidden)" in str(error)
    assert isinstance(error.__cause__, LookupError)
    assert [problem.rsplit(": ", 1)[1] for problem in error_of(exporters="explain").problems] == [
        "host x is down",
        "and far away",
    ]
    assert "exporter 'nothing'" in str(error_of(exporters="nothing"))


def test_leaving_the_program_is_not_an_error_of_the_exporter(install: Installer) -> None:
    install("one", {"one": "module_one:Exporter"}, module_one="raise SystemExit(3)")
    with pytest.raises(SystemExit):
        load(exporters="one")


def test_options_may_be_models_dataclasses_and_objects(install: Installer) -> None:
    module = """
        import dataclasses, pathlib, pydantic
        from threadtrail.hookspecs import hookimpl
        @dataclasses.dataclass
        class Limits:
            size: int
        class Login(pydantic.BaseModel):
            user: str
        class Exporter:
            def __init__(self, path: pathlib.Path, limits: Limits, login: Login, stream=None):
                self.options = (path, limits.size, login.user, stream)
            @hookimpl
            def export(self, events): pass
    """
    install("one", {"one": "module_one:Exporter"}, module_one=module)
    stream = object()
    exporter = load_one("one", path="runs", limits={"size": "3"}, login={"user": "me"}, stream=stream)
    assert exporter.options == (Path("runs"), 3, "me", stream)


def test_what_an_option_may_be_is_stated_once_and_in_plain_words() -> None:
    error = error_of(exporters={"console": {"color": "pink", "width": "broad", "stream": "nowhere"}})
    console = "exporter 'console' (threadtrail.exporters.console:ConsoleExporter, from threadtrail "
    must_be = "(keyword argument): it must be"
    assert [problem.split("): ", 1)[1] for problem in error.problems] == [
        "option color = 'pink' (keyword argument): it must be 'auto', 'always' or 'never'.",
        "option width = 'broad' (keyword argument): it must be a whole number.",
        f"option stream = 'nowhere' {must_be} 'auto', 'stderr' or 'stdout', or a value of type TextIO.",
    ]
    assert all(problem.startswith(console) for problem in error.problems)


@dataclass
class Limits:
    size: int


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (bool, "true or false"),
        (float | None, "a number"),
        (str | os.PathLike[str], "text or a path"),
        (Path, "a path"),
        (list[str] | None, "a list"),
        (Sequence[int], "a list"),
        (tuple[str, ...] | str, "a list or text"),
        (Mapping[str, str], "a table"),
        (Literal["one"], "'one'"),
        (Literal[1, "two"] | None, "1 or 'two'"),
        (Recorder, "a value of type Recorder"),
        (Limits, None),
        (Limits | int, None),
        (Annotated[int, Field(ge=3)], None),
        (Any, None),
    ],
)
def test_types_in_words(kind: Any, words: str | None) -> None:
    assert in_words(kind) == words


def test_what_a_type_of_an_options_own_says_is_reported(install: Installer) -> None:
    module = """
        import dataclasses
        from typing import Annotated
        from pydantic import Field
        @dataclasses.dataclass
        class Limits:
            size: int
        def make(limits: Limits = None, count: Annotated[int, Field(ge=3)] = 3): ...
    """
    install("one", {"one": "module_one:make"}, module_one=module)
    first, second = error_of(exporters={"one": {"limits": {"size": "x"}, "count": 2}}).problems
    assert "option limits = {'size': 'x'} (keyword argument): it is not valid: size: Input should be" in first
    assert second.endswith(
        "count = 2 (keyword argument): it is not valid: Input should be greater than or equal to 3."
    )


# --- starting ------------------------------------------------------------------------------------


STARTING = """
    from threadtrail.errors import ConfigurationError
    from threadtrail.hookspecs import hookimpl

    class Exporter:
        def __init__(self, address: str = "nowhere", size: int = 1, api_key: str = "", does: str = "refuse"):
            self.address, self.size, self.api_key, self.does = address, size, api_key, does

        @hookimpl
        def export(self, events):
            pass

        @hookimpl
        def start(self):
            if self.does == "refuse":
                raise ConfigurationError(
                    f"address={self.address!r}: nobody is there", f"size={self.size!r}: too small",
                    f"api_key: {self.api_key} is unknown", "no luck",
                    f"address={self.address.upper()!r}: loud", "exporter 'one': says so itself",
                )
            raise {"value": ValueError, "os": OSError, "other": LookupError}[self.does](
                "the backend does not know " + self.api_key
            )
"""


def start_error(**options: Any) -> ConfigurationError:
    (loaded,) = load(exporters={"one": options})
    with pytest.raises(ConfigurationError) as caught:
        loaded.start(Settings())
    return caught.value


def test_a_start_that_refuses_names_the_exporter_and_where_the_option_was_set(
    install: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("one", {"one": "module_one:Exporter"}, module_one=STARTING)
    monkeypatch.setenv("THREADTRAIL_ONE_SIZE", "3")
    assert start_error(api_key="sk-secret").problems == (
        "exporter 'one': option address = 'nowhere' (default): nobody is there",
        "exporter 'one': option size = 3 (environment variable THREADTRAIL_ONE_SIZE): too small",
        "exporter 'one': option api_key = (hidden) (keyword argument): (hidden) is unknown",
        "exporter 'one': no luck",
        "exporter 'one': option address (default): address='NOWHERE': loud",
        "exporter 'one': says so itself",
    )


@pytest.mark.parametrize(("does", "kind"), [("value", ValueError), ("os", OSError), ("other", LookupError)])
def test_a_start_that_fails_names_the_exporter_and_keeps_secrets(
    install: Installer, does: str, kind: type[Exception]
) -> None:
    install("one", {"one": "module_one:Exporter"}, module_one=STARTING)
    error = start_error(api_key="sk-secret", does=does)
    assert str(error) == (
        f"exporter 'one': it cannot be started: {kind.__name__}: the backend does not know (hidden). "
        "Check its options. If they are right, report this to the exporter's maintainer."
    )
    assert type(error.__cause__) is kind


def test_an_exporter_without_start_starts() -> None:
    (loaded,) = load(exporters=ExportOnly())
    loaded.start(Settings())
    (with_start,) = load(exporters=Recorder())
    settings = Settings()
    with_start.start(settings)
    assert with_start.exporter.calls == [("start", settings)]  # type: ignore[attr-defined]  # a Recorder


def test_a_path_that_jsonl_cannot_write_is_reported_with_its_origin(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THREADTRAIL_JSONL_PATH", "/nope/x")
    monkeypatch.setenv("THREADTRAIL_EXPORTERS", "jsonl")
    (loaded,) = load()
    with pytest.raises(ConfigurationError) as caught:
        loaded.start(Settings())
    assert str(caught.value) == (
        "exporter 'jsonl': option path = '/nope/x' (environment variable THREADTRAIL_JSONL_PATH): "
        "there is no folder '/nope'; create it, or choose another path"
    )
    (given,) = load(exporters={"jsonl": {"path": Path("nope/x")}})
    with pytest.raises(ConfigurationError, match=r"option path = 'nope/x' \(keyword argument\): there is no"):
        given.start(Settings())


def test_an_option_that_the_constructor_refuses_is_reported_with_its_origin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("THREADTRAIL_CONSOLE_WIDTH", "12")
    assert (
        "exporter 'console' (threadtrail.exporters.console:ConsoleExporter, from threadtrail 0.1.0): "
        "option width = 12 (environment variable THREADTRAIL_CONSOLE_WIDTH): "
        "choose 40 columns or more"
    ) in str(error_of(exporters="console"))


# --- names of objects ----------------------------------------------------------------------------


def test_objects_are_named_after_themselves_or_their_class_and_stay_apart() -> None:
    @dataclass(eq=False)
    class Named(ExportOnly):
        name: str = "mine"
        batches: list[Sequence[Event]] = field(default_factory=list)

    loaded = load(exporters=[Named(), ExportOnly(), ExportOnly(), Named(), {"ExportOnly-3": ExportOnly()}])
    assert [item.name for item in loaded] == ["mine", "ExportOnly", "ExportOnly-2", "mine-2", "ExportOnly-3"]
    assert {item.distribution for item in loaded} == {None}


# --- hooks ---------------------------------------------------------------------------------------


def test_each_exporters_hooks_reach_that_exporter_alone() -> None:
    recorder, simple = Recorder(), ExportOnly()
    loaded = load(exporters=[recorder, simple])
    first, second = (item.hooks for item in loaded)
    assert recorder.calls == []  # loading calls no hook
    settings = Settings()
    assert first.start
    assert first.capture_context
    assert first.export
    assert first.flush
    assert first.shutdown
    assert first.after_fork
    assert second.export
    assert (second.start, second.capture_context, second.flush) == (None, None, None)
    first.start(settings=settings)
    assert first.capture_context() == "context"
    first.export(events=[], contexts=["c"])
    assert first.flush(timeout=1.5) is False
    first.shutdown(timeout=2.0)
    first.after_fork()
    assert [name for name, _ in recorder.calls] == ["start", "export", "flush", "shutdown", "after_fork"]
    assert recorder.calls[1:3] == [("export", ([], ["c"])), ("flush", 1.5)]
    assert simple.batches == []
    second.export(events=[], contexts=[])
    assert simple.batches == [[]]
    assert loaded.manager.get_plugins() == {recorder, simple}


def test_what_an_exporter_raises_reaches_the_caller() -> None:
    class Failing:
        @hookimpl
        def export(self, events: Sequence[Event]) -> None:
            raise OSError("disk full")

    (loaded,) = load(exporters=Failing())
    assert loaded.hooks.export is not None
    with pytest.raises(OSError, match="disk full"):
        loaded.hooks.export(events=[], contexts=[])


class Wrapper:
    @hookimpl(wrapper=True)
    def export(self, events: Sequence[Event]) -> Any:
        return (yield)


class OldWrapper:
    @hookimpl(hookwrapper=True)
    def export(self, events: Sequence[Event]) -> Any:
        yield


class Misspelt:
    @hookimpl
    def exprot(self, events: Sequence[Event]) -> None: ...


class WrongArgument:
    @hookimpl
    def export(self, event: Event) -> None: ...


class WrongArgumentElsewhere(ExportOnly):
    @hookimpl(specname="flush")
    def empty(self, deadline: float) -> None: ...


class NoHook:
    def something(self) -> None: ...


class Unmarked:
    @hookimpl
    def flush(self, timeout: float) -> None: ...

    def export(self, events: Sequence[Event]) -> None: ...


class Async:
    @hookimpl
    async def export(self, events: Sequence[Event]) -> None: ...


class Lazy:
    @hookimpl
    def export(self, events: Sequence[Event]) -> Any:
        yield 1


@dataclass
class PlainDataclass:
    path: str = "same"
    batches: list[Sequence[Event]] = field(default_factory=list)

    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        self.batches.append(events)


def test_an_exporter_may_be_a_plain_dataclass_which_has_no_hash() -> None:
    first, second = PlainDataclass(), PlainDataclass(path="other")
    for item in load(exporters=[first, second]):
        assert item.hooks.export is not None
        item.hooks.export(events=[], contexts=[])
    assert (len(first.batches), len(second.batches)) == (1, 1)


@pytest.mark.parametrize(
    ("exporter", "words"),
    [
        (Wrapper(), "its hook 'export' is a wrapper"),
        (OldWrapper(), "its hook 'export' is a wrapper"),
        (Misspelt(), "there is no hook 'exprot'. Did you mean 'export'? Hooks: "),
        (
            WrongArgument(),
            "hook 'export' takes 'event', which does not exist. Did you mean 'events'? It may take: events, ",
        ),
        (
            WrongArgumentElsewhere(),
            "its hook 'flush' takes 'deadline', which does not exist. It may take: timeout.",
        ),
        (NoHook(), "it has no method marked @threadtrail.hookimpl"),
        (Unmarked(), "its method export is not marked"),
        (Async(), "its hook 'export' must be a plain function"),
        (Lazy(), "its hook 'export' must be a plain function"),
    ],
)
def test_an_exporter_that_would_be_ignored_or_do_harm_is_refused(exporter: object, words: str) -> None:
    error = error_of(exporters=exporter)
    assert str(error).startswith(f"exporter '{type(exporter).__name__}': ")
    assert words in str(error)
    assert "\n" not in str(error)


class ExportsMarked:
    @hookimpl
    def export(self, events: Sequence[Any]) -> None: ...


class MarksNoOther(ExportsMarked):
    """Its class marks `export`; what it has beside that is not marked."""

    @hookimpl
    def export(self, events: Sequence[Any]) -> None: ...

    def flush(self) -> None: ...

    def start(self) -> None: ...


class MarksNotWhatItOverrides(ExportsMarked):
    @hookimpl
    def flush(self) -> None: ...


class Overrides(MarksNotWhatItOverrides):
    def flush(self) -> None: ...


class OfAnotherLibrary:
    def flush(self) -> None: ...

    def shutdown(self) -> None: ...


class OnAnotherLibrary(OfAnotherLibrary):
    name = "on another library"
    check = None

    @hookimpl
    def export(self, events: Sequence[Any]) -> None: ...

    @hookimpl(specname="after_fork")
    def forget(self) -> None: ...

    @staticmethod
    def after_fork() -> None: ...


@pytest.mark.parametrize(
    ("exporter", "names"),
    [(MarksNoOther(), "start, flush"), (Overrides(), "flush")],
)
def test_a_method_that_was_not_marked_is_named(exporter: object, names: str) -> None:
    (loaded,) = load(exporters=exporter)
    assert str(loaded.unmarked) == (
        f"these of its methods are not marked, so they are never called: {names}. "
        "Put @threadtrail.hookimpl above each, or rename what is no hook."
    )


@pytest.mark.parametrize("exporter", [ExportsMarked(), MarksNotWhatItOverrides(), OnAnotherLibrary()])
def test_a_method_of_another_library_may_have_the_name_of_a_hook(exporter: object) -> None:
    (loaded,) = load(exporters=exporter)
    assert loaded.unmarked is None


def test_an_optional_hook_of_a_later_version_is_accepted() -> None:
    class FromTheFuture(ExportOnly):
        @hookimpl(optionalhook=True)
        def export_metrics(self, metrics: Mapping[str, int]) -> None: ...

    assert len(load(exporters=FromTheFuture())) == 1


def test_the_same_object_twice_is_refused() -> None:
    exporter = ExportOnly()
    assert "chosen twice" in str(error_of(exporters=[exporter, exporter]))


def test_no_exporters_at_all_load_as_none() -> None:
    assert len(load(exporters=[])) == 0
