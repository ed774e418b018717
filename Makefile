# Two commands: `make demo` shows the gate at work, `make test` tests it.  Both set up what they need under .cache/.

PYTHON = .cache/venv/bin/python

.PHONY: help demo test faults bench-load setup clean

help:
	@echo "make demo        set up, load sample feeds, place calls and show each decision"
	@echo "make test        set up and run all tests"
	@echo "make faults      inject faults under running calls, some 20 minutes, and write docs/reliability.md (make test: 3 minutes of it)"
	@echo "make bench-load  measure loads of millions, some 15 minutes, and write docs/performance.md"
	@echo "make clean       remove what was set up (.cache/)"

demo: setup
	@$(PYTHON) -m lab.demo

test: setup
	$(PYTHON) -m mypy
	$(PYTHON) -m pytest

faults: setup
	AGI_GATE_FAULTS=long $(PYTHON) -m pytest tests/faults

bench-load: setup
	@$(PYTHON) -m benchmarks.load --write

setup:
	@lab/setup

clean:
	rm -rf .cache
