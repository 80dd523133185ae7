PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo demo-compose test check bench bench-check fuzz reference soak conformance format clean tools

help: ## what can be made here
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

demo: $(STAMP) ## show the seven kinds of Service in network namespaces of its own
	$(BIN)/clusterless lab -f configs/manifests --tour

demo-compose: $(STAMP) ## show the same in containers, with Docker Compose
	$(BIN)/python -m lab.compose

test: $(STAMP) ## every test that this machine can run
	$(BIN)/pytest -q -n 2 --dist loadgroup

check: $(STAMP) ## format, lint, types, import contracts, unit and scenario tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q -n 2 tests/unit tests/scenarios tests/conformance

bench: $(STAMP) ## the program beside HAProxy, nginx, Unbound and others; QUICK=1 takes under a minute
	PATH="$$PATH:/usr/sbin" $(BIN)/python -m benchmarks $(if $(QUICK),--quick)

bench-check: $(STAMP) ## has the hot path become slower? ratios to peers, beside those of benchmarks/baseline.json
	PATH="$$PATH:/usr/sbin" $(BIN)/python -m benchmarks --check

conformance: $(STAMP) ## write docs/conformance.md from what the tests claim
	$(BIN)/python -m tests.conformance.claims

fuzz: $(STAMP) ## a million packets for the DNS server, then five minutes of coverage-guided ones
	DNS_FUZZ_PACKETS=1000000 $(BIN)/pytest -q --timeout 1800 tests/simulation/test_dns_packets.py
	$(BIN)/python -m pip install --quiet atheris
	mkdir -p .fuzz-corpus && $(BIN)/python tests/fuzz/dns_target.py -max_total_time=300 .fuzz-corpus

reference: $(STAMP) ## write docs/configuration.md from the code
	$(BIN)/python -m clusterless.commandline.reference docs/configuration.md

soak: $(STAMP) ## a million connections through one agent, and what it holds before and after
	$(BIN)/python -m tests.soak

format: $(STAMP) ## format the code, and mend what lint can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## take away what was made here
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

tools:
	@sh lab/tools.sh $(PYTHON)

$(STAMP): pyproject.toml | tools
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@
