# Eventide's commands. Each installs what it needs and is missing; the work is in crates/xtask.

.DEFAULT_GOAL := help
.PHONY: help run test bench check sqlx clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' Makefile

# Everything but `help` needs Rust.
ifneq ($(filter-out help,$(MAKECMDGOALS)),)
ifeq ($(shell command -v cargo),)
$(error Rust is missing: install it from https://rustup.rs and open a new terminal)
endif
endif

run: ## build everything and start eventide (other port or folder: EVENTIDE_ADDR, EVENTIDE_DATA_DIR)
	@cargo xtask run

test: ## all tests, with a summary (only a part: ONLY=rust or ONLY=browser)
	@cargo xtask test $(ONLY)

bench: ## the engine, the server under load, and what a browser downloads
	@cargo xtask bench

check: ## formatting, lints and documentation
	@cargo xtask check

sqlx: ## renew .sqlx after a change of a query or a migration
	@cargo xtask sqlx

clean: ## remove what was built and installed here, never ./data
	@cargo xtask clean
