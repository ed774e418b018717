# Two commands: `make demo` shows the gate at work, `make test` tests it.  Both set up what they need under .cache/.

PYTHON = .cache/venv/bin/python

.PHONY: help demo test faults bench bench-load bench-log soak setup clean

help:
	@echo "make demo        set up, load sample feeds, place calls and show each decision"
	@echo "make test        set up and run all tests"
	@echo "make faults      inject faults under running calls, some 20 minutes, and write docs/reliability.md (make test: 3 minutes of it)"
	@echo "make bench       measure how fast calls are answered, beside peers, some 10 minutes, and write docs/performance.md"
	@echo "make soak        place a million calls and look at what the daemon holds, some 10 minutes, and write the same"
	@echo "make bench-load  measure loads of millions, some 15 minutes, and write docs/performance.md"
	@echo "make bench-log   search and replay a log of 10 million decisions, some 20 minutes, and write docs/performance.md"
	@echo "make clean       remove what was set up (.cache/)"

demo: setup
	@$(PYTHON) -m lab.demo

test: setup
	$(PYTHON) -m mypy
	$(PYTHON) -m pytest

faults: setup
	AGI_GATE_FAULTS=long $(PYTHON) -m pytest tests/faults

bench: setup
	@$(PYTHON) -m benchmarks.daemon --write

soak: setup
	@$(PYTHON) -m benchmarks.soak --write

bench-load: setup
	@$(PYTHON) -m benchmarks.load --write

bench-log: setup
	@$(PYTHON) -m benchmarks.decisions --write

setup:
	@lab/setup

clean:
	rm -rf .cache
