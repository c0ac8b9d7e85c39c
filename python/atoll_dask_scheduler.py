"""What a Dask scheduler of Atoll does besides: it tells the hub what became of workers, and the people what the hub knows of it;
an adaptive cluster without workers asks for the first one as soon as there is work; and on a machine of several people it keeps its
dashboard to itself.

A preload beside dask-gateway's own (`dask scheduler --preload …/atoll_dask_scheduler.py`), for distributed 2022.4 and newer. One
request to the hub, POST /v1/clusters/NAME/report with the cluster's token, carries all of it:

    {"lost": [{"worker": name, "tasks": [key, …]}],   workers that left, with what they were working on
     "missing": seconds,                              for how long there have been fewer workers than wanted; 0: there are not
     "versions": {package: version},                  of this scheduler
     "unconnected": number,                           of what Dask counts as clients and is none: `fire-and-forget`, published datasets
     "used": {"core_seconds", "byte_seconds"}}        by all workers since this scheduler began

and the answer brings {"warnings": [text, …]}: sentences that Dask shows in every connected notebook as warnings, where people would
otherwise wait without a word, or see `KilledWorker` and nothing else. Whatever goes wrong here is logged and disturbs nothing.
"""

import asyncio
import json
import logging
import os
import socket
import sys

from dask_gateway.scheduler_preload import make_gateway_client
from distributed.diagnostics.plugin import SchedulerPlugin
from tornado.httpclient import AsyncHTTPClient, HTTPRequest

logger = logging.getLogger("distributed.scheduler.atoll")

PERIOD = 5  # seconds between two samples
REPORT_EVERY = 6  # samples, when there is nothing to tell but what was used
PATIENCE = 10  # seconds for which workers may be missing before people are told why
GATHER = 0.05  # seconds: workers that leave together are told together
RETRIES = (0.5, 1, 2, 4, 8, 15, 15)  # seconds: a hub that starts anew is not away for longer
MOST_TASKS = 5
LONGEST_KEY = 200
MOST_LOST = 1000

# What must agree between a program and the workers, or values written by one cannot be read by the other.
PACKAGES = ("python", "dask", "distributed", "cloudpickle", "msgpack", "numpy", "pandas", "lz4")


class Watcher(SchedulerPlugin):
    """Follows the workers of one scheduler."""

    name = "atoll"

    def __init__(self, scheduler, gateway):
        self.scheduler = scheduler
        self.gateway = gateway
        self.workers = {}  # address -> WorkerState: Dask has forgotten it when it says that it left
        self.lost = []
        self.shown = set()
        self.used = {"core_seconds": 0.0, "byte_seconds": 0.0}
        self.missing_since = None
        self.wake = asyncio.Event()
        self.adapting = None
        self.unconnected = None  # as told last

    def add_worker(self, scheduler, worker, **_):
        state = scheduler.workers[worker]
        self.workers[worker] = state
        for sentence in mismatches(scheduler, state):
            self.warn(sentence)

    def remove_worker(self, scheduler, worker, **_):
        state = self.workers.pop(worker, None)
        if state is None or len(self.lost) >= MOST_LOST:
            return
        self.lost.append({"worker": str(state.name), "tasks": tasks_of(scheduler, worker, state)})
        self.wake.set()

    def update_graph(self, scheduler, **_):
        service = scheduler.services.get("gateway")
        is_asleep = service is not None and service.adapt_task is not None and service.count == 0 and not scheduler.workers
        if is_asleep and (self.adapting is None or self.adapting.done()):
            self.adapting = asyncio.ensure_future(adapt_now(service))

    def warn(self, sentence):
        """Shows a sentence in every connected notebook, once."""
        if sentence not in self.shown:
            self.shown.add(sentence)
            self.scheduler.log_event("warn", sentence)

    def sample(self, seconds):
        """Adds what the workers use now to what they have used."""
        for state in self.scheduler.workers.values():
            self.used["core_seconds"] += state.metrics.get("cpu", 0) / 100 * seconds
            self.used["byte_seconds"] += state.metrics.get("memory", 0) * seconds

    def missing_seconds(self, now):
        """For how long there have been fewer workers than wanted."""
        service = self.scheduler.services.get("gateway")
        if service is None or service.count <= len(self.scheduler.workers):
            self.missing_since = None
            return 0
        if self.missing_since is None:
            self.missing_since = now
        return now - self.missing_since

    async def run(self):
        """Reports for as long as the scheduler lives."""
        loop = asyncio.get_running_loop()
        await self.report(0, versions=own_versions(self.scheduler))
        samples = 0
        last = loop.time()
        while True:
            try:
                await asyncio.wait_for(self.wake.wait(), PERIOD)
                await asyncio.sleep(GATHER)
            except asyncio.TimeoutError:
                pass
            self.wake.clear()
            now = loop.time()
            self.sample(now - last)
            last = now
            samples += 1
            missing = self.missing_seconds(now)
            if self.lost or missing >= PATIENCE or samples >= REPORT_EVERY or self.unconnected != unconnected_clients(self.scheduler):
                samples = 0
                await self.report(missing)

    async def report(self, missing, versions=None):
        """Tells the hub, and shows what it answers. Workers lost meanwhile are told next time."""
        lost, self.lost = self.lost, []
        self.unconnected = unconnected_clients(self.scheduler)
        content = {"lost": lost, "missing": missing, "used": self.used, "unconnected": self.unconnected}
        if versions:
            content["versions"] = versions
        for delay in (*RETRIES, None):
            try:
                for sentence in await self.post(content):
                    self.warn(sentence)
                return
            except Exception as error:
                if delay is None:
                    logger.warning("Cannot report to the hub: %s", error)
                else:
                    await asyncio.sleep(delay)

    async def post(self, content):
        """One request; the warnings of its answer."""
        request = HTTPRequest(
            f"{self.gateway.api_url}/v1/clusters/{self.gateway.cluster_name}/report",
            method="POST",
            headers={"Authorization": f"token {self.gateway.token}", "Content-Type": "application/json"},
            body=json.dumps(content),
        )
        response = await AsyncHTTPClient().fetch(request)
        return [str(sentence) for sentence in json.loads(response.body)["warnings"]]


async def adapt_now(service):
    """Lets an adaptive cluster without workers look for work at once: its loop looks every few seconds, a new one first of all."""
    await asyncio.sleep(GATHER)  # tasks that have just been sent count a moment later
    if service.adapt_task is not None and service.count == 0:
        await service.adapt(active=False)
        await service.adapt(minimum=service.minimum, maximum=service.maximum)


def unconnected_clients(scheduler):
    """How many of Dask's clients are no programs."""
    return len([client for client in scheduler.clients if client not in scheduler.client_comms])


def tasks_of(scheduler, address, state):
    """The keys of what a worker that left was working on, as far as Dask knows; those that ran longest first."""
    running = sorted(getattr(state, "executing", {}).items(), key=lambda item: -item[1])
    keys = [task.key for task, _ in running] or assigned_keys(scheduler, address)
    return [str(key)[:LONGEST_KEY] for key in keys[:MOST_TASKS]]


def assigned_keys(scheduler, address):
    """The keys of what a worker had to do: for tasks that ran for less than the second between two of its heartbeats."""
    try:
        events = scheduler.get_events(address) if hasattr(scheduler, "get_events") else scheduler.events[address]
        return sorted(events[-1][1]["processing-tasks"], key=str)
    except (KeyError, IndexError, TypeError):  # older versions do not tell
        return []


def own_versions(scheduler):
    """The versions of this process."""
    return shown_versions(scheduler.get_versions() if hasattr(scheduler, "get_versions") else scheduler.versions())


def shown_versions(versions):
    """The packages that matter; Python's version to the third number."""
    packages = (versions or {}).get("packages") or {}
    if not isinstance(packages, dict):  # pairs, in older versions
        packages = dict(packages)
    shown = {name: str(packages[name]) for name in PACKAGES if packages.get(name)}
    if "python" in shown:
        shown["python"] = ".".join(shown["python"].split(".")[:3])
    return shown


def mismatches(scheduler, state):
    """Sentences on where a new worker differs from the programs connected. (Dask compares the workers there are when one connects.)"""
    theirs = shown_versions(getattr(state, "versions", None))
    for client in scheduler.clients.values():
        ours = shown_versions(getattr(client, "versions", None))
        different = [name for name in ours if name in theirs and ours[name] != theirs[name]]
        if different:
            pairs = ", ".join(f"{name} {ours[name]} here and {theirs[name]} on the workers" for name in different)
            yield f"Your program and the workers of this cluster have different versions: {pairs}. Use the same environment for both."


def keep_to_own_account(server):
    """Closes connections on loopback that come from another account of the machine than the scheduler's.

    Dask's dashboard asks nobody who they are, and the HTTP API beside it takes orders. Hub and edge have the same account, or are
    the superuser. Where the scheduler listens on another address, the network keeps people apart.
    """
    handle_stream = server.handle_stream

    def handle_own(stream, address):
        here = stream.socket.getsockname()
        if not here[0].startswith("127.") or account_of(address, here) in (0, os.geteuid()):
            return handle_stream(stream, address)
        stream.close()
        return None

    server.handle_stream = handle_own


def account_of(there, here):
    """The user id of whoever holds the end `there` of a connection to `here`, both of IPv4; None when nobody does (any more)."""
    ends = shown_in_proc(there), shown_in_proc(here)
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):  # proc(5); a socket of IPv6 can speak IPv4 too
        if not os.path.exists(path):
            continue
        with open(path, encoding="ascii") as file:
            next(file)
            for line in file:
                _, local, remote, state, _, _, _, uid, _, inode, *_ = line.split()
                # One that was closed would count as the superuser's.
                if local.endswith(ends[0]) and remote.endswith(ends[1]) and state == "01" and inode != "0":
                    return int(uid)
    return None


def shown_in_proc(address):
    """An address and port as the kernel's tables show them."""
    number = int.from_bytes(socket.inet_aton(address[0]), sys.byteorder)
    return f"{number:08X}:{address[1]:04X}"


def dask_setup(scheduler):
    """Called by Dask when the scheduler starts."""
    try:
        keep_to_own_account(scheduler.http_server)
    except Exception:
        logger.warning("Cannot keep other accounts away from the dashboard", exc_info=True)
    try:
        watcher = Watcher(scheduler, make_gateway_client())
        scheduler.add_plugin(watcher)
        watcher.task = asyncio.ensure_future(watcher.run())
    except Exception:
        logger.warning("Cannot watch the workers", exc_info=True)
