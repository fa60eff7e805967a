"""Background jobs: what is to be done stands in rows, a job is only the call to look.

A job that is lost, doubled or killed harms nothing, because every look finds what is there. Any number of
workers run, on any hosts; finished jobs are deleted.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
from asgiref.sync import sync_to_async
from django.db import connection
from procrastinate import exceptions
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.jobs import DeleteJobCondition, Status
from procrastinate.psycopg_connector import PsycopgConnector
from procrastinate.worker import Worker

from delivery import courier, selectors

from . import housekeeping

log = logging.getLogger(__name__)

HOUSE, DELIVERY = "house", "delivery"
# Receivers that hang must not keep anything else waiting: two workers, each with hands of its own.
HANDS = {HOUSE: 3, DELIVERY: 8}
GLANCE = 0.5  # seconds until a worker notices that it shall stop
PAUSE = 1.0  # seconds before starting over
STALLED = 30  # seconds without a heartbeat after which a worker's jobs are somebody else's


# --- deliveries ---------------------------------------------------------------------------------------


@app.periodic(cron="* * * * * */2")
@app.task(name="look", queue=HOUSE, queueing_lock="look", priority=10)
async def look(timestamp: int) -> None:
    """Have everything carried that is due. Who is carried to already is not called twice."""
    for endpoint in await sync_to_async(_due, thread_sensitive=False)():
        await call(endpoint)


def _due() -> list[UUID]:
    try:
        return selectors.due()
    finally:
        connection.close()


async def call(endpoint: UUID) -> None:
    try:
        await deliver.configure(queueing_lock=f"deliver:{endpoint}").defer_async(endpoint=str(endpoint))
    except exceptions.AlreadyEnqueued:
        log.debug("a courier to %s is called already", endpoint)


@app.task(name="deliver", queue=DELIVERY)
async def deliver(endpoint: str) -> None:
    """Carry for a spell; when there is more, queue up again behind the others."""
    if await sync_to_async(_carry, thread_sensitive=False)(UUID(endpoint)):
        await call(UUID(endpoint))


def _carry(endpoint: UUID) -> bool:
    try:
        return courier.deliver(endpoint)
    finally:
        connection.close()


# --- the house ----------------------------------------------------------------------------------------


@app.periodic(cron="* * * * * */10")
@app.task(name="rescue", queue=HOUSE, queueing_lock="rescue", priority=10)
async def rescue(timestamp: int) -> None:
    """Jobs of workers that died are done again, unless the same is called for already."""
    manager = app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED):
        try:
            await manager.retry_job(job)
        except (exceptions.AlreadyEnqueued, exceptions.UniqueViolation):
            await manager.finish_job(job, status=Status.FAILED, delete_job=True)


@app.periodic(cron="17 3 * * *")
@app.task(name="tidy", queue=HOUSE, queueing_lock="tidy")
def tidy(timestamp: int) -> None:
    """Once a night: what nobody needs any more."""
    log.info("tidied: %s keys, %s deliveries", housekeeping.forget_keys(), housekeeping.forget_deliveries())
    housekeeping.forget_sessions()


@app.periodic(cron="*/5 * * * *")
@app.task(name="audit", queue=HOUSE, queueing_lock="audit")
def audit(timestamp: int) -> None:
    """Every five minutes: does everything agree?"""
    housekeeping.audit()


# --- the workers --------------------------------------------------------------------------------------


class Jobs:
    """Works until stopped, on connections of its own. Whatever fails, it starts over."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def stop(self) -> None:
        self._stop.set()

    def run(self) -> None:
        while not self._stop.is_set():
            try:
                asyncio.run(self._work())
            except (psycopg.Error, exceptions.ConnectorException) as error:
                log.warning("the jobs start over: %s", type(error).__name__)
            except Exception:
                log.exception("the jobs start over")
            self._stop.wait(PAUSE)

    async def _work(self) -> None:
        """Until stopped, or until a worker gives up because it has lost the database."""
        threads = ThreadPoolExecutor(sum(HANDS.values()), thread_name_prefix="jobs")
        asyncio.get_running_loop().set_default_executor(threads)
        # Beside Django's own pool, which is for threads: these connections listen, in this loop.
        connector = PsycopgConnector(kwargs=connector_params(), min_size=1, max_size=6, timeout=10)
        with app.replace_connector(connector):
            async with app.open_async():
                workers = [worker(queue) for queue in HANDS]
                runs = [each.run() for each in workers]  # type: ignore[no-untyped-call]
                working = {asyncio.create_task(run) for run in runs}
                ended: set[asyncio.Task[None]] = set()
                while not ended and not self._stop.is_set():
                    ended, _ = await asyncio.wait(
                        working, timeout=GLANCE, return_when=asyncio.FIRST_COMPLETED
                    )
                for each in workers:
                    each.stop()  # type: ignore[no-untyped-call]
                await asyncio.gather(*working)


def worker(queue: str) -> Worker:
    return Worker(
        app,
        queues=[queue],
        name=queue,
        concurrency=HANDS[queue],
        delete_jobs=DeleteJobCondition.ALWAYS,
        install_signal_handlers=False,
        stalled_worker_timeout=STALLED,
        task_middleware=app.worker_defaults.get("task_middleware"),
    )
