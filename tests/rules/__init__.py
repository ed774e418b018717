"""One module a rule: `agi_gate/rules/X.py` is tested by `tests/rules/test_X.py`, its `check` called directly.

The order of the rules is tested in `tests/test_decide.py`, whole decisions in `tests/test_cases.py`.
"""
