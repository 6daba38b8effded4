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
UPLOAD_BYTES_MAX: Final = 8 * 1024**3
UPLOAD_SPARED_BYTES: Final = 256 * 1024**2

# Text
ADDRESS_CHARS_MAX: Final = 320
NAME_CHARS_MAX: Final = 64
NOTE_BYTES_MAX: Final = 1_000
EVIDENCE_FIELD_BYTES_MAX: Final = 512
ACTOR_BYTES_MAX: Final = 128
REFERENCE_BYTES_MAX: Final = 128
SEARCH_CHARS_MIN: Final = 3
CLASSIFIED_CHARS_MAX: Final = 1_600
INBOUND_TEXT_BYTES_MAX: Final = 256 * 1024  # the 65,536 characters of a WhatsApp message, at 4 bytes each
KEPT_TEXT_BYTES_MAX: Final = 10_000
OWN_CODES_MAX: Final = 100

# Attempts
ATTEMPTS_KEPT_MAX: Final = 10_000
ATTEMPT_WINDOW_HOURS_MAX: Final = 744
LEASE_SECONDS_DEFAULT: Final = 3_600
LEASE_SECONDS_MAX: Final = 86_400

# What an account may have. Changes beyond them are refused while they are applied: raise them, but never lower them, or
# a replay would refuse what old journals hold. `tests/replay` holds them to that.
LABELS_MAX: Final = 1_000
POLICIES_MAX: Final = 1_000
POLICY_LABELS_MAX: Final = 100
PREFIXES_MAX: Final = 10_000
DOMAINS_MAX: Final = 10_000
CONSENT_POLICIES_MAX: Final = 10_000
CONSENTS_PER_ADDRESS_MAX: Final = 100
REVIEWS_PER_ADDRESS_MAX: Final = 100  # never change it: beyond it nothing is refused, and what happens is replayed
CLOSED_REGIONS_MAX: Final = 1_000
REGION_CLOSED_DAYS_MAX: Final = 400

# What a registry and a policy may name
REGISTRY_PREFIXES_MAX: Final = 1_000
POLICY_REGISTRIES_MAX: Final = 20
REGISTRY_DAYS_MAX: Final = 3_660
REGISTRY_CATEGORY_MAX: Final = 14
POLICY_PACKS_MAX: Final = 20
POLICY_LIMITS_MAX: Final = 20
POLICY_REGIONS_MAX: Final = 100
ATTEMPTS_PER_WINDOW_MAX: Final = 1_000
COOLDOWN_HOURS_MAX: Final = 720
COOLDOWN_DAYS_MAX: Final = 30
PREVIEW_HOURS_MAX: Final = 168
RETRY_DAYS_MAX: Final = 400
SEARCHED_ZONE_DAYS_MAX: Final = 250_000

# Time
FRESHNESS_WAIT_MS_MAX: Final = 50
CONTACT_PAST_MINUTES_MAX: Final = 5
REQUEST_ID_DAYS: Final = 7
PERMISSION_MINUTES: Final = 15
CONFIRMATION_MINUTES: Final = 5
HEARTBEAT_SECONDS_DEFAULT: Final = 10
HEARTBEAT_SECONDS_MAX: Final = 60
TIME_MS_MAX: Final = 253_402_300_799_000  # 9999-12-31, the last day of google.protobuf.Timestamp

# Each worker
DATA_THREADS: Final = 4
CONTROL_THREADS: Final = 32
READ_THREADS: Final = 2
STREAM_THREADS: Final = 16
WATCHERS_MAX: Final = 16
CHECKS_WAITING_MAX: Final = 64
FRESHNESS_WAITERS_MAX: Final = 1
READS_WAITING_MAX: Final = 16
BULK_RUNNING_MAX: Final = 2
UPLOADS_RUNNING_MAX: Final = 1
CHANGES_WAITING_MAX: Final = 256
PREVIEWS_RUNNING_MAX: Final = 1
COMMIT_CHANGES_MAX: Final = 128

# Housekeeping
EXPIRED_ENTRIES_PER_EVENT_MAX: Final = 10_000
PRUNED_REQUESTS_PER_EVENT_MAX: Final = 10_000
PRUNED_ATTEMPTS_PER_EVENT_MAX: Final = 1_000
PRUNED_ATTEMPT_EVENTS_PER_ROUND_MAX: Final = 100
