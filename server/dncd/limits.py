"""Every limit, in one place, with its unit last in its name.

`docs/reference/limits.md` lists them; a test holds the two together.
"""

from typing import Final

# Requests
MESSAGE_BYTES_MAX: Final = 2 * 1024 * 1024
CHECK_ROWS_MAX: Final = 1_000
SCRUB_ADDRESSES_MAX: Final = 50_000
CHANGE_ROWS_MAX: Final = 1_000
PAGE_ROWS_MAX: Final = 1_000
PAGE_ROWS_DEFAULT: Final = 100
HISTORY_EVENTS_MAX: Final = 1_000
HISTORY_EVENTS_DEFAULT: Final = 100
SCANNED_ROWS_PER_PAGE_MAX: Final = 100_000
SLOW_ADDRESSES_MAX: Final = 2_000
FIELD_FAULTS_MAX: Final = 100

# Text
ADDRESS_CHARS_MAX: Final = 320
NAME_CHARS_MAX: Final = 64
NOTE_BYTES_MAX: Final = 1_000
EVIDENCE_FIELD_BYTES_MAX: Final = 512
ACTOR_BYTES_MAX: Final = 128
REFERENCE_BYTES_MAX: Final = 128
SEARCH_CHARS_MIN: Final = 3

# What an account may have
LABELS_MAX: Final = 1_000
POLICIES_MAX: Final = 1_000
POLICY_LABELS_MAX: Final = 100
PREFIXES_MAX: Final = 10_000
DOMAINS_MAX: Final = 10_000

# Time
FRESHNESS_WAIT_MS_MAX: Final = 50
REQUEST_ID_DAYS: Final = 7
HEARTBEAT_SECONDS_DEFAULT: Final = 10
HEARTBEAT_SECONDS_MAX: Final = 60
TIME_MS_MAX: Final = 253_402_300_799_000  # 9999-12-31, the last day of google.protobuf.Timestamp

# Each worker
DATA_THREADS: Final = 4
CONTROL_THREADS: Final = 32
STREAM_THREADS: Final = 16
WATCHERS_MAX: Final = 16
CHECKS_WAITING_MAX: Final = 64
BULK_RUNNING_MAX: Final = 2
CHANGES_WAITING_MAX: Final = 256
COMMIT_CHANGES_MAX: Final = 128

# Housekeeping
EXPIRED_ENTRIES_PER_EVENT_MAX: Final = 10_000
PRUNED_REQUESTS_PER_EVENT_MAX: Final = 10_000
