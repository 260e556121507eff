# Two commands do all the set-up:  make run   and   make test
SHELL := /bin/sh
SOURCES := $(shell git ls-files '*.py' '*.pyx' '*.pxi' '*.pyi' pyproject.toml setup.cfg MANIFEST.in 2>/dev/null)
ARGS ?=

.PHONY: run test check bench clean

run: .venv/installed  ## install into .venv and start the service; ARGS="--data DIR ..." are handed on
	@exec .venv/bin/cadent serve $(ARGS)

test: .venv-test/installed  ## install what tests need into .venv-test and run the whole suite
	scripts/check .venv-test
	.venv-test/bin/pytest $(ARGS)

check: .venv-test/installed  ## the linters and type checks alone
	scripts/check .venv-test

bench: .venv-test/installed  ## measure every figure of docs/performance.md; wants a quiet machine
	.venv-test/bin/python benchmarks/run.py $(ARGS)

.venv/installed: $(SOURCES)
	@scripts/install .venv server compiler headers venv

.venv-test/installed: $(SOURCES)
	@scripts/install .venv-test server,test,lint compiler headers venv cairo

clean:
	rm -rf .venv .venv-* build *.egg-info
	find . -name '*.so' -not -path './.git/*' -delete
