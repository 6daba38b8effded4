"""What the daemon takes from its surroundings and hands down: the clock, new ids, the log."""

import logging
import time
import uuid


def now_ms() -> int:
    """Tell the time in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def new_id() -> str:
    """Make an id that nobody has: 32 hexadecimal digits."""
    return uuid.uuid4().hex


def log_to_stderr(level: str) -> None:
    """Write log lines to stderr: time, level, process, logger, sentence."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s [%(process)d] %(name)s: %(message)s", force=True)
