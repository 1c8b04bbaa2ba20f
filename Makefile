# Two commands are enough: make demo, make test. Both install what they need and say so.
# One build profile serves both. The tests turn on a feature of one dependency (regex-syntax, by proptest), with
# which those that use it are built anew; so the tests of page and interface take the program of the tests.

# Without the flags of make: cargo counts its jobs itself, also below `make -j`.
CARGO := MAKEFLAGS= PATH="$$HOME/.cargo/bin:$$PATH" cargo
ARGS  ?=
SECONDS ?= 60

.PHONY: demo test test-rust program test-program test-abap test-peers soak web test-web test-api bench-web install-web install-api fuzz lint bench bench-plan licences install-demo install-test install-peers help

help:
	@echo "make demo [ARGS=--once]   the whole cycle on the sandbox SAP and real meter data"
	@echo "make test                 every test, with a real PostgreSQL server"
	@echo "make test-abap            the companion ABAP: lint and ABAP Unit on Node (npm); part of make test"
	@echo "make test-peers           the OData client against SAP CAP and SAP's mock server (npm)"
	@echo "make fuzz SECONDS=60      each reader of what comes from outside, for so long"
	@echo "make web                  the web page, built anew from web/src (npm)"
	@echo "make test-web             the planner's day and finance's month in headless Chromium"
	@echo "make test-api             the interface against its own OpenAPI document, by schemathesis (pip)"
	@echo "make lint                 rustfmt, clippy with warnings denied, licences"
	@echo "make soak                 1,000,000 seeded lives of a posting, with every fault"
	@echo "make bench-web            the page with 10,000 planned orders in headless Chromium"
	@echo "make bench                speed, with a peer in the same run"
	@echo "make bench-plan           how good plans are, by profile and size, and how soon, with peers (pip)"

install-demo:
	@scripts/install demo

install-test:
	@scripts/install test

install-web:
	@scripts/install web

install-api:
	@scripts/install demo
	@scripts/install-api

install-peers:
	@scripts/install-peers

program: install-demo
	@$(CARGO) build --bin carbide

# As `cargo test` has built it: any target of the tests turns their features on.
test-program:
	@$(CARGO) build --bin carbide --test memory

demo: program
	@target/debug/carbide demo $(ARGS)

test: test-abap test-rust

test-rust: install-test
	@CARBIDE_NO_SKIP=1 $(CARGO) test --no-fail-fast

# The built page is committed, so that nothing but cargo is needed to build; here it is proven fresh.
web: install-web
	@cd web && npm ci --no-audit --no-fund --silent && npm run --silent build
	@git diff --exit-code --stat -- web/dist

test-web: web test-program
	@node tests/web/walk.mjs target/debug/carbide

bench-web: web test-program
	@node tests/web/ten_thousand.mjs target/debug/carbide

test-api: install-api test-program
	@node tests/web/api.mjs target/debug/carbide

# The companion ABAP on Node: abaplint, ABAP Unit and the contract that it shares with the sandbox.
test-abap:
	@scripts/install-abap
	@node abap/test/run.mjs

test-peers: install-test install-peers
	@CARBIDE_PEERS="$(CURDIR)/target/peers" $(CARGO) test --test peers -- --ignored --test-threads=2

fuzz:
	@CARBIDE_FUZZ_SECONDS=$(SECONDS) CARBIDE_FUZZ_SEED=$$(date +%s) $(CARGO) test --test fuzz -- --nocapture

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings
	$(CARGO) check --bin carbide # alone, so without the features of the tests
	$(CARGO) test --test capability dependencies

# Advisories need a database from the network; licences are checked offline by `make lint` too.
licences:
	$(CARGO) deny check

bench: install-test
	$(CARGO) bench

# ARGS=--cpu where other work shares the cores. Takes 15 minutes for five seeds, and an hour more for the peers,
# each of which has a minute for an instance.
bench-plan:
	$(CARGO) bench --bench planning -- --seeds 5 --peers $(ARGS)

soak:
	CARBIDE_SEEDS=$${CARBIDE_SEEDS:-1000000} $(CARGO) test --lib wire_simulation::no_seed -- --nocapture
