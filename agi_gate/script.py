"""The door that Asterisk starts per call: `AGI(agi-gate.agi,...)`, one process on stdin and stdout.

Joint.  Whatever goes wrong it leaves GATE_VERDICT unset, which the dialplan takes for a refusal, and says so by its
exit code (AGISTATUS=FAILURE).  It ends at once: a script that lingers is a zombie on the PBX.
"""

from __future__ import annotations

import signal
import sys
import time

from agi_gate import config
from agi_gate.agi import CommandRefused, Conversation, DeadlinePassed, GarbageReceived, Hangup
from agi_gate.decision_log import DecisionLog
from agi_gate.decision_log.pseudonyms import KeyFileError
from agi_gate.door import converse
from agi_gate.gate import Gate
from agi_gate.shadowing import with_shadow


def main() -> int:
    """Answer the one call on stdin; 0 when it was answered or hung up, 1 and 2 as the command line's."""
    # the caller hung up: the end of the stream says so too, and the record must still be written
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        settings = config.load(config.find_path(None))
    except config.ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    log = DecisionLog(settings.log.path, settings.log.durability)
    try:
        gate = Gate.under(with_shadow(settings), log)
    except KeyFileError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        converse(Conversation(0, 1, time.monotonic() + settings.daemon.deadline_ms / 1000), gate, settings.on_deny)
    except Hangup:
        return 0
    except (GarbageReceived, DeadlinePassed, CommandRefused) as error:
        print(f"agi-gate: conversation ended: {error}", file=sys.stderr)
        return 1
    finally:
        log.close()
    return 0
