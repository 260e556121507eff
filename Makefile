# Two commands do all the set-up:  make run   and   make test
SHELL := /bin/sh
SOURCES := $(shell git ls-files '*.py' '*.pyx' '*.pxi' '*.pyi' pyproject.toml setup.cfg MANIFEST.in 2>/dev/null)
ARGS ?=

.PHONY: run test check soak sanitize bench clean

run: .venv/installed  ## install into .venv and start the service; ARGS="--data DIR ..." are handed on
	@exec .venv/bin/cadent serve $(ARGS)

test: .venv-test/installed  ## install what tests need into .venv-test and run the whole suite
	scripts/check .venv-test
	.venv-test/bin/pytest $(ARGS)

check: .venv-test/installed  ## the linters and type checks alone
	scripts/check .venv-test

soak: .venv-test/installed  ## the tests of damaged bytes, with 10,000 trials of each instead of a few hundred
	CADENT_TRIALS=10000 .venv-test/bin/pytest $(shell git ls-files 'tests/*damage.py' | grep /test_) $(ARGS)

sanitize: .venv-test/installed  ## the kernels under the sanitizers of addresses and of undefined behaviour; wants gcc
	scripts/sanitize .venv-test $(ARGS)

bench: .venv-test/installed  ## measure every figure of docs/performance.md; wants a quiet machine
	.venv-test/bin/python benchmarks/run.py $(ARGS)

.venv/installed: $(SOURCES)
	@scripts/install .venv server,png,cassandra compiler headers venv

.venv-test/installed: $(SOURCES)
	@scripts/install .venv-test server,png,cassandra,test,lint compiler headers venv cairo java maven

clean:
	rm -rf .venv .venv-* build *.egg-info
	find . -name '*.so' -not -path './.git/*' -delete
