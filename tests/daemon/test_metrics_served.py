"""What Prometheus reads of a real server: the counts of all workers, and nothing of any person."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from daemon_running import WAIT_S, Daemon, dncd, dncd_process, running
from dncd.metrics import METRICS, Kind
from metrics_reading import Scraped, scrape
from registry_commands import imported, registry
from serving import Api, pb

ON = ("--metrics-listen", "127.0.0.1:0")
PHONE, OTHER, EMAIL = "+14155550123", "+14155550199", "jane.doe@example.com"


@dataclass(frozen=True)
class Metered:
    """A server of two workers that shows its metrics, and one that calls it."""

    store: Path
    token: str
    api: Api
    url: str

    def scrape(self) -> Scraped:
        return scrape(self.url)


@pytest.fixture(scope="module")
def metered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metered]:
    store = tmp_path_factory.mktemp("metered") / "store"
    dncd("account", "create", "acme-dialing", "--store", str(store))
    made = dncd("token", "create", "--store", str(store), "--account", "acme-dialing", "--role", "admin", "--name", "x")
    registry(store, "create", "us-national", "--scope", "+1")
    registry(store, "create", "uk-tps", "--scope", "+44")
    imported(store, range(10))
    with ExitStack() as stack:
        daemon = stack.enter_context(running(store, *ON, "--housekeeping-seconds", "0.1", workers=2))
        token = made.stdout.strip()
        api = Api(daemon.address, token)
        stack.callback(api.close)
        yield Metered(store, token, api, url_of(daemon))


def url_of(daemon: Daemon) -> str:
    return daemon.line.rpartition("metrics on ")[2]


def calls_on_every_worker(daemon: Daemon, stack: ExitStack) -> int:
    """Call on new connections until each worker has answered one; tell how many calls that took."""
    count, until = 0, time.monotonic() + WAIT_S
    while not all(_serves_someone(worker) for worker in daemon.workers):
        assert time.monotonic() < until, "one worker got no connection"
        channel = daemon.channel()
        stack.callback(channel.close)
        daemon.ask(channel=channel)
        count += 1
    return count


def _serves_someone(worker: psutil.Process) -> bool:
    return any(connection.status == psutil.CONN_ESTABLISHED for connection in worker.net_connections("tcp"))


def test_counts_are_those_of_all_workers_also_of_one_that_was_killed(tmp_path: Path) -> None:
    with running(tmp_path / "store", *ON, workers=2) as daemon, ExitStack() as stack:
        url = url_of(daemon)
        for _ in range(2):
            daemon.log_until("is ready")

        made = calls_on_every_worker(daemon, stack)
        before = scrape(url)
        daemon.workers[0].kill()
        daemon.log_until("another starts")
        without = scrape(url)
        daemon.log_until("is ready")
        made_since = calls_on_every_worker(daemon, stack)
        after = scrape(url)

    assert made >= 2
    assert made_since >= 1
    counted = [page("dncd_calls_total", method="ListPolicies", code="OK") for page in (before, without, after)]
    timed = [page("dncd_call_duration_seconds_count", method="ListPolicies") for page in (before, without, after)]
    assert counted == timed == [made, made, made + made_since]
    assert [page("dncd_workers_ready") for page in (before, after)] == [2, 2]
    assert [page("dncd_worker_starts_total") for page in (before, after)] == [2, 3]
    assert after("dncd_workers_wanted") == 2


def test_verdicts_are_counted_by_channel(metered: Metered) -> None:
    metered.api.add(PHONE)
    before = metered.scrape()

    metered.api.check(PHONE, OTHER, OTHER)
    metered.api.check(OTHER)
    metered.api.check("nonsense")
    metered.api.call("Scrub", pb.ScrubRequest(channel=2, phones=[14155550123] * 3))

    page = metered.scrape()
    assert page.since(before, "dncd_rows_decided_total") == {
        ("VOICE", "ENFORCE", "ALLOW"): 3,
        ("VOICE", "ENFORCE", "BLOCK"): 1,
        ("VOICE", "ENFORCE", "INVALID"): 1,
        ("SMS", "ENFORCE", "BLOCK"): 3,
    }
    assert page.since(before, "dncd_shadow_stops_total") == {}


def test_what_a_shadow_policy_would_have_stopped_is_counted(metered: Metered) -> None:
    required = [pb.RequiredRegistry(name="uk-tps")]
    metered.api.apply("trial", channels=[1], purpose=1, registries=required, mode=pb.MODE_SHADOW)
    metered.api.add(PHONE)
    before = metered.scrape()

    answered = metered.api.verdicts(PHONE, OTHER, OTHER, policy="trial")

    page = metered.scrape()
    assert answered == [2, 1, 1]
    assert page.since(before, "dncd_shadow_stops_total") == {("VOICE", "UNSCREENED"): 2}
    assert page.since(before, "dncd_rows_decided_total") == {
        ("VOICE", "SHADOW", "ALLOW"): 2,
        ("VOICE", "SHADOW", "BLOCK"): 1,
    }


def test_changes_are_counted_by_kind_and_a_retry_is_none(metered: Metered) -> None:
    request = pb.AddEntriesRequest(
        entries=[pb.NewEntry(address=PHONE, label="do-not-contact", source=6)],
        request_id="6ad4bf4b-6f2a-4d29-8c3a-0f3a1f6d2b11",
    )
    unknown = pb.AddEntriesRequest(entries=[pb.NewEntry(address=PHONE, label="none", source=6)])
    before = metered.scrape()

    metered.api.call("AddEntries", request)
    metered.api.call("AddEntries", request)
    metered.api.refused("AddEntries", unknown)

    page = metered.scrape()
    assert page.since(before, "dncd_events_total") == {("entries_added",): 1}
    assert page.since(before, "dncd_journal_position") == {(): 1}
    assert page.since(before, "dncd_commits_total")[()] >= 1
    assert page("dncd_changes_waiting") == 0
    assert page.since(before, "dncd_calls_total") == {("OK", "AddEntries"): 2, ("NOT_FOUND", "AddEntries"): 1}


def test_what_housekeeping_writes_is_counted_too(metered: Metered) -> None:
    ends = Timestamp(seconds=int(time.time()) + 1)
    entry = pb.NewEntry(address=OTHER, label="do-not-text", source=6, expires_at=ends)
    before = metered.scrape()

    metered.api.call("AddEntries", pb.AddEntriesRequest(entries=[entry]))

    until = time.monotonic() + WAIT_S
    while ("entries_expired",) not in metered.scrape().since(before, "dncd_events_total"):
        assert time.monotonic() < until, "the entry did not end"
    assert metered.scrape().since(before, "dncd_events_total") == {("entries_added",): 1, ("entries_expired",): 1}


def test_registries_are_shown_by_name_with_date_and_whether_they_can_be_used(metered: Metered) -> None:
    manifest = next((metered.store / "registries" / "us-national").glob("*/manifest.json"))
    sound = manifest.read_text()

    before = metered.scrape()
    manifest.write_text("{}")
    damaged = metered.scrape()
    manifest.write_text(sound)

    day = datetime(2026, 11, 19, tzinfo=UTC).timestamp()
    assert before("dncd_registry_list_timestamp_seconds", registry="us-national") == day
    assert 'dncd_registry_list_timestamp_seconds{registry="uk-tps"}' not in before.text
    assert before("dncd_registry_usable", registry="us-national") == 1
    assert before("dncd_registry_usable", registry="uk-tps") == 0
    assert damaged("dncd_registry_usable", registry="us-national") == 0
    assert before("dncd_store_bytes", part="registries") > 0
    assert before("dncd_store_bytes", part="tables") > 0


def test_nothing_of_a_person_an_account_or_a_token_is_on_the_page(metered: Metered) -> None:
    metered.api.apply("secret-campaign", channels=[1, 3], purpose=1)
    metered.api.call("CreateLabel", pb.CreateLabelRequest(label=pb.Label(name="client-secret", channels=[1])))
    metered.api.add(PHONE, EMAIL)
    rows = [pb.CheckRow(address=PHONE, contact_id="contact-77", debt_id="debt-88", reference="ref-99")]
    before = metered.scrape()
    metered.api.call("Check", pb.CheckRequest(channel=1, rows=rows, policy="secret-campaign"))
    metered.api.check(EMAIL, channel=3)
    metered.api.refused("Check", pb.CheckRequest(channel=1, rows=rows, policy="no-such-policy"))

    page = metered.scrape()

    words = ["4155550123", "jane", "example.com", "contact-77", "debt-88", "ref-99", "acme", "secret", "no-such"]
    assert page.since(before, "dncd_calls_total") == {("OK", "Check"): 2, ("NOT_FOUND", "Check"): 1}
    assert [word for word in [*words, *metered.token.split("_")[1:]] if word in page.text] == []


def test_page_has_every_metric_with_the_labels_and_words_that_the_code_names(metered: Metered) -> None:
    metered.api.check(PHONE)

    families = metered.scrape().families()

    of_histograms = {Kind.HISTOGRAM: {"le"}}
    assert {
        name + ("_total" if family.type == "counter" else ""): (
            family.type,
            {label for sample in family.samples for label in sample.labels},
            family.documentation,
        )
        for name, family in families.items()
    } == {
        metric.name: (metric.kind.value, {*metric.labels} | of_histograms.get(metric.kind, set()), metric.help)
        for metric in METRICS
    }


def test_buckets_hold_every_call_that_was_timed(metered: Metered) -> None:
    before = metered.scrape()
    for _ in range(5):
        metered.api.check(PHONE)

    page = metered.scrape()

    of_check = {bound: n for (bound, method), n in page.since(before, "dncd_call_duration_seconds_bucket").items()}
    assert of_check["+Inf"] == 5
    assert list(of_check.values()) == sorted(of_check.values())
    assert page.since(before, "dncd_call_duration_seconds_count") == {("Check",): 5}
    assert 0 < page.since(before, "dncd_call_duration_seconds_sum")[("Check",)] < WAIT_S


def test_ready_line_names_the_page_behind_the_address_that_is_served(tmp_path: Path) -> None:
    with running(tmp_path / "store", *ON) as daemon:
        code = daemon.stop()

    assert re.fullmatch(r"http://127\.0\.0\.1:[1-9]\d*/metrics", url_of(daemon))
    assert daemon.line == f"dncd serving on {daemon.address} with 1 worker, metrics on {url_of(daemon)}"
    assert code == 0


def test_without_the_setting_there_is_no_endpoint_and_nothing_is_loaded_for_it(tmp_path: Path) -> None:
    modules = "import sys, dncd.cli, dncd.daemon.worker; print('prometheus_client' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", modules], capture_output=True, text=True, check=True)
    with running(tmp_path / "store") as daemon:
        processes = [psutil.Process(daemon.process.pid), *daemon.workers]
        ports = {
            connection.laddr.port
            for process in processes
            for connection in process.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        }

    assert loaded.stdout.strip() == "False"
    assert daemon.line == f"dncd serving on {daemon.address} with 1 worker"
    assert ports == {int(daemon.address.rpartition(":")[2])}


@pytest.mark.parametrize("listen", ["nonsense", "127.0.0.1:99999"])
def test_address_that_cannot_be_read_is_refused_by_the_name_of_the_setting(tmp_path: Path, listen: str) -> None:
    refused = dncd_process("serve", "--store", str(tmp_path / "store"), "--metrics-listen", listen)

    assert refused.returncode == 2
    assert refused.stderr.splitlines()[-1].startswith(f"dncd: metrics_listen: {listen!r} is not HOST:PORT")
    assert "Traceback" not in refused.stderr


def test_taken_port_is_refused_before_anything_is_served(tmp_path: Path, metered: Metered) -> None:
    taken = metered.url.removeprefix("http://").removesuffix("/metrics")

    refused = dncd_process(
        *("serve", "--store", str(tmp_path / "store"), "--listen", "127.0.0.1:0", "--metrics-listen", taken)
    )

    assert refused.returncode == 2
    assert refused.stdout == ""
    assert f"dncd: metrics_listen: {taken} cannot be served on: Address already in use" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_page_beyond_loopback_needs_tls_or_a_word(tmp_path: Path) -> None:
    refused = dncd_process("serve", "--store", str(tmp_path / "store"), "--metrics-listen", "0.0.0.0:0")

    assert refused.returncode == 2
    assert "metrics_listen: 0.0.0.0:0 is not loopback" in refused.stderr
