"""Sets the clock of a whole process: Python imports this first where ``PYTHONPATH`` leads here."""

import os
import time

_AHEAD = float(os.environ["SECONDS_AHEAD"])
_right = time.time


def _wrong() -> float:
    return _right() + _AHEAD


time.time = _wrong
