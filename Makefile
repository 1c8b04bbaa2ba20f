# Two commands are enough: make demo, make test. Both install what they need and say so.
# One build profile serves both; the tests turn on features of a few dependencies, which are built anew.

CARGO := PATH="$$HOME/.cargo/bin:$$PATH" cargo
ARGS  ?=

.PHONY: demo test lint bench licences install-demo install-test help

help:
	@echo "make demo [ARGS=--once]   the whole cycle on the sandbox SAP and real meter data"
	@echo "make test                 every test, with a real PostgreSQL server"
	@echo "make lint                 rustfmt, clippy with warnings denied, licences"
	@echo "make bench                speed, with a peer in the same run"

install-demo:
	@scripts/install demo

install-test:
	@scripts/install test

demo: install-demo
	@$(CARGO) build --bin carbide
	@target/debug/carbide demo $(ARGS)

test: install-test
	@CARBIDE_NO_SKIP=1 $(CARGO) test --no-fail-fast

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings
	$(CARGO) test --test capability dependencies

# Advisories need a database from the network; licences are checked offline by `make lint` too.
licences:
	$(CARGO) deny check

bench: install-test
	$(CARGO) bench
