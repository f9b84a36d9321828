"""GET /healthz, /readyz and /metrics: is the server well?"""

import asyncio
import logging
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from afterword.bootstrap import IntakeParts, Parts
from afterword.flows.ingest.check_store import find_trouble, log_failure
from afterword.flows.job_kinds import JobKind
from afterword.flows.read_totals import Totals, TotalsReader
from afterword.kit.histogram import Histogram
from afterword.web.connections import Connections
from afterword.web.parts import parts_of
from afterword.web.track import OUTCOMES, Track

NO_STORE = {"Cache-Control": "no-store"}
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

READY_S_MAX = 2.0
"""How long the database may take to say that it is there; whoever asks gives up soon, too."""

logger = logging.getLogger(__name__)


async def healthz(request: Request) -> Response:
    """The process answers."""
    return JSONResponse({"ok": True}, headers=NO_STORE)


async def readyz(request: Request) -> Response:
    """The server can take events: the database answers and takes writes, and it is not shutting down."""
    intake = request.app.state.intake.intake
    if intake.is_draining:
        return JSONResponse({"ok": False, "error": "draining"}, 503, headers=NO_STORE)
    if intake.is_stuck:
        return JSONResponse({"ok": False, "error": "database"}, 503, headers=NO_STORE)
    try:
        # Not the threads of pages: those may be what hangs.
        looking = asyncio.to_thread(find_trouble, parts_of(request).database)
        trouble = await asyncio.wait_for(looking, READY_S_MAX)
    except Exception as error:  # noqa: BLE001 - whatever it was, it can't take events
        log_failure(logger, parts_of(request).database, "not ready: the database does not answer", error)
        return JSONResponse({"ok": False, "error": "database"}, 503, headers=NO_STORE)
    if trouble is not None:
        return JSONResponse({"ok": False, "error": trouble}, 503, headers=NO_STORE)
    return JSONResponse({"ok": True}, headers=NO_STORE)


async def metrics(request: Request) -> Response:
    """Numbers for Prometheus; no names of people, projects or events among them."""
    text = await run_in_threadpool(generate_latest, request.app.state.metrics)
    return PlainTextResponse(text, media_type=METRICS_TYPE, headers=NO_STORE)


def metrics_registry(
    parts: Parts, intake: IntakeParts, track: Track, connections: Connections
) -> CollectorRegistry:
    """The metrics of one server."""
    registry = CollectorRegistry()
    registry.register(_Collector(parts, intake, track, connections))
    return registry


class _Collector(Collector):
    """Reads the numbers when they are asked for, so that counting costs the hot path nothing."""

    def __init__(self, parts: Parts, intake: IntakeParts, track: Track, connections: Connections) -> None:
        self._database = parts.database
        self._sources = [source.name for source in parts.sources]
        self._totals = TotalsReader(parts.database, parts.clock)
        self._intake = intake
        self._track = track
        self._connections = connections

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance: asking would need the database."""
        return []

    def collect(self) -> Iterable[Metric]:
        """The current numbers."""
        yield CounterMetricFamily(
            "afterword_track_received",
            "Requests to events.track; each has one outcome as soon as it is answered.",
            value=self._track.received,
        )
        requests = CounterMetricFamily(
            "afterword_track_requests", "Requests to events.track by outcome.", labels=["outcome"]
        )
        # All of them from the start: a series that begins with its first 1 is no increase to Prometheus.
        for outcome, count in sorted({**dict.fromkeys(OUTCOMES, 0), **self._track.outcomes}.items()):
            requests.add_metric([outcome], count)
        yield requests
        yield GaugeMetricFamily(
            "afterword_intake_queue_events",
            "Events that wait for a commit.",
            value=self._intake.intake.queue_length,
        )
        yield _histogram(
            "afterword_track_seconds", "From a request's headers to its reply.", self._track.seconds
        )
        yield _histogram(
            "afterword_intake_batch_events",
            "Requests that went into one commit.",
            self._intake.intake.batch_events,
        )
        yield GaugeMetricFamily(
            "afterword_connections", "Open connections of clients.", value=len(self._connections)
        )
        ended = CounterMetricFamily(
            "afterword_connections_ended", "Connections that the server ended, by reason.", labels=["reason"]
        )
        for reason, count in sorted(self._connections.ended.items()):
            ended.add_metric([reason], count)
        yield ended
        try:
            totals = self._totals.read()
        except Exception as error:  # noqa: BLE001 - the other numbers are needed most now
            log_failure(logger, self._database, "metrics: the database does not answer", error)
            return
        yield from _work_metrics(totals)
        yield from _kept_metrics(totals)
        yield from self._source_metrics(totals)

    def _source_metrics(self, totals: Totals) -> Iterable[Metric]:
        """Of the sources that are set; what is left of others would look overdue for ever."""
        loaded = GaugeMetricFamily(
            "afterword_source_success_timestamp_seconds",
            "When a load of a source of people last went through; 0 when none ever did.",
            labels=["source"],
        )
        for name in self._sources:
            loaded.add_metric([name], totals.sources.get(name, 0.0))
        yield loaded


def _work_metrics(totals: Totals) -> Iterable[Metric]:
    """What is left to do, and how far behind the worker is."""
    waiting = sum(totals.waiting.values())
    yield GaugeMetricFamily("afterword_jobs_waiting", "Jobs that wait or run.", value=waiting)
    yield GaugeMetricFamily("afterword_jobs_dead", "Jobs that were given up.", value=totals.dead)
    yield GaugeMetricFamily(
        "afterword_worker_lag_seconds", "How long the oldest due job has waited.", value=totals.lag_s
    )


def _kept_metrics(totals: Totals) -> Iterable[Metric]:
    """What the database holds, as far as it adds up to something (see flows/upkeep/check_conservation.py)."""
    yield CounterMetricFamily(
        "afterword_events_accepted", "Events that all servers accepted.", value=totals.accepted
    )
    pending = totals.waiting[JobKind.EVALUATE_EVENT]
    yield GaugeMetricFamily("afterword_events_pending", "Events that wait for their decision.", value=pending)
    invitations = GaugeMetricFamily("afterword_invitations", "Invitations by state.", labels=["state"])
    for state, count in totals.invitations.items():
        invitations.add_metric([state], count)
    yield invitations
    yield GaugeMetricFamily("afterword_responses", "Invitations with a response.", value=totals.responses)


def _histogram(name: str, documentation: str, histogram: Histogram) -> HistogramMetricFamily:
    return HistogramMetricFamily(name, documentation, buckets=histogram.buckets(), sum_value=histogram.total)
