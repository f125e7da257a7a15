"""Code that exporters share to send spans by OTLP over HTTP.

Import its modules by name. The package itself imports nothing; the modules need ``opentelemetry-sdk`` and
``requests``, which come with ``opentelemetry-exporter-otlp-proto-http``:

- ``session``: an HTTP session that follows no redirect and describes the outcome of each request;
- ``sending``: sends batches and describes why one was not delivered;
- ``origins``: whether two addresses are one host, so that credentials of one are not sent to another;
- ``checking``: errors for the hook ``check``;
- ``provider``: parts of a private tracer provider: chosen ids, limits, spans held until they are sent;
- ``emitting``: starts spans in the past;
- ``carried``: places in other processes, by ``threadtrail.carrier()``;
- ``context``: spans in OpenTelemetry contexts, and links to them;
- ``open_runs``: failed requests, kept until their run ends;
- ``open_turns``: the place of turns, whose runs and late calls are below one root;
- ``open_calls``: runs that were published before their calls were answered;
- ``run_content``: contents of a run that several backends show in the same way.
"""
