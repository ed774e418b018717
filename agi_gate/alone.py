"""A call of the script's that no daemon takes: this process decides it by itself.

Joint.  It costs a start of everything, some third of a second, so it is for small volumes and for a daemon that is down.
"""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from pathlib import Path

from agi_gate import config
from agi_gate.agi import Conversation, ConversationEnded, Hangup
from agi_gate.decision_log import DecisionLog
from agi_gate.decision_log.pseudonyms import KeyFileError
from agi_gate.door import converse, request_from
from agi_gate.gate import Asked, Gate
from agi_gate.script import MARGIN_S, failed
from agi_gate.shadowing import with_shadow


def answer(path: str, received: bytes) -> int:
    """Answer the call on stdin, of which so much was read; 0 when it was answered or hung up, 1 and 2 as the command line's.

    The deadline counts from here: what came before was a start.
    """
    try:
        settings = config.load(Path(path))
    except config.ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    deadline = time.monotonic() + settings.daemon.deadline_ms / 1000
    # a disk or a name server that stands still cannot be called back: a script that waits for it lingers on the PBX
    over = threading.Timer(deadline + MARGIN_S - time.monotonic(), _end)
    over.daemon = True
    over.start()
    log = DecisionLog(settings.log.path, settings.log.durability)
    try:
        gate = Gate.under(with_shadow(settings), log)
        converse(Conversation(0, 1, deadline, received), gate, settings.on_deny)
    except Hangup:
        return 0
    except KeyFileError as error:
        print(error, file=sys.stderr)
        return 2
    except ConversationEnded as error:
        return failed(str(error))
    finally:
        log.close()
    gate.store.seen.save_or_warn()
    return 0


def put_on_record(path: str, received: bytes, answered: tuple[str, str]) -> None:
    """Put an emergency on record that was answered before: its header, its id and the caller ID that was sent.

    Raises ConfigError, KeyFileError, ConversationEnded; what the log does is told on stderr.
    """
    settings = config.load(Path(path))
    log = DecisionLog(settings.log.path, settings.log.durability)
    request = request_from(Conversation(0, 1, math.inf, received).env)
    for _ in Gate.under(settings, log).decide_all([Asked(request, answered=answered)]):
        pass
    log.close()


def _end() -> None:
    os._exit(failed("what it waits for stands still"))
