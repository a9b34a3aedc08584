# make setup   the environment: .venv with every service in it
# make demo    the whole system on this machine, until Ctrl-C   (DATA=path/to/tweets.csv)
# make test    every test                                       (make lint: every check of the code)
# make bench-training   how fast the trainer reads and learns, against the plain way
# make bench-serving    the API against everything a user might pick instead
# make bench-bulk       files of tweets scored, against a bare loop and Keras
# make bench-radar      how soon surges are seen, and how often there is none
# make bench-drift      how often other tweets are told apart, and how often there are none
# make lock    resolve all dependencies anew
# make up      the whole system in containers   (make down: stop it, make logs: what it says)
# make backup  copy databases and artifacts     (make restore BACKUP=folder: bring them back)
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

PYTHON ?= $(shell command -v python3.12 >/dev/null && python3.12 -c '' 2>/dev/null && echo python3.12 \
  || { command -v python3.11 >/dev/null && python3.11 -c '' 2>/dev/null && echo python3.11; } || echo python3)
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := libs/contract libs/client services/trainer services/inference services/frontend services/mlflow
SOURCES := $(addsuffix /src,$(PACKAGES)) tools infra
LOCKS := requirements/all.txt requirements/build.txt

.PHONY: help setup demo env up down logs backup restore test test-unit test-e2e test-browser test-docker bench-training bench-serving bench-bulk bench-radar bench-drift lint format lock lock-check clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

setup: $(VENV)/ready

$(VENV)/ready: $(LOCKS) $(addsuffix /pyproject.toml,$(PACKAGES))
	@tools/setup.sh "$(PYTHON)" "$(VENV)" $(PACKAGES)
	@touch $@

demo: setup
	@exec $(BIN)/python -m tools.demo $(if $(DATA),--data "$(DATA)") $(DEMO_OPTIONS)

env:
	@tools/env.sh

up: env
	@tools/up.sh

down:
	docker compose --profile '*' down

logs:
	docker compose --profile '*' logs --follow --tail 100

backup:
	@tools/backup.sh $(BACKUP)

restore: env
	@FORCE=$(FORCE) tools/restore.sh $(BACKUP)

test: test-unit test-e2e test-browser

test-unit test-e2e test-browser test-docker: test-%: setup
	@tools/test.sh $*

bench-training bench-serving bench-bulk bench-radar bench-drift: bench-%: setup
	@exec $(BIN)/python -m benchmarks.$* $(BENCH_OPTIONS)

lint: setup lock-check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: setup
	UV=$(BIN)/uv requirements/lock.sh

lock-check: setup
	@UV=$(BIN)/uv requirements/check.sh

clean:
	rm -rf $(VENV) .demo .mypy_cache .ruff_cache .import_linter_cache .hypothesis
