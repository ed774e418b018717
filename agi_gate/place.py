"""Where the configuration stands, and what holds where it says nothing: for those who have no time to read it all.

Core.
"""

from __future__ import annotations

DEFAULT_PATH = "/etc/agi-gate/gate.toml"
PATH_VARIABLE = "AGI_GATE_CONFIG"
LISTEN = "127.0.0.1:4573"
DEADLINE_MS = 1000
# the header line by which a script names its configuration to the daemon
CONFIGURATION = "agi_gate_config"
