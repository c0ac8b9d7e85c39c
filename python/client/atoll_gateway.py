"""What dask-gateway's client does besides in a notebook server of Atoll: it says what a cluster waits for while it waits, it
connects to the scheduler of a cluster without a detour (atoll_direct), and a client that is thrown away never holds up another one.

Atoll names `HubAuth` in `gateway.auth.type` and `GatewayCluster` in `labextension.factory` where its users would have dask-gateway's
own. For dask-gateway 2022.4 and newer, whose client asks for a new cluster with `GET …/clusters/NAME?wait` until it runs. The hub
answers such a request early when it has news: `Atoll-Shown` in the request is what the person has read already, `Atoll-Waiting` in
the answer what there is to read, both percent-encoded. `Atoll-Scheduler` in the answer is where the scheduler listens.
"""

import asyncio
import logging
import re
import sys
import time
from urllib.parse import quote, unquote

import atoll_direct
import dask_gateway
from atoll_closing import close_beside_loops
from dask_gateway.auth import JupyterHubAuth

logger = logging.getLogger("dask_gateway.atoll")

AGAIN = 300  # seconds after which a sentence is shown again of which only the numbers have changed
PATIENCE = 5  # seconds for which the panel shows nothing while a cluster starts

close_beside_loops(dask_gateway.Gateway)
close_beside_loops(dask_gateway.GatewayCluster)


class HubAuth(JupyterHubAuth):
    """Signs in with the token of the hub, and shows the person what their cluster waits for."""

    quiet = False
    waiting_for = ""
    _shown = ""
    _shown_at = 0.0

    def pre_request(self, resp):
        headers, context = super().pre_request(resp)
        return {**headers, "Atoll-Shown": quote(self.waiting_for)}, context

    def post_response(self, resp, context=None):
        if scheduler := resp.headers.get("Atoll-Scheduler"):
            atoll_direct.addresses[resp.url.name] = scheduler
        self.waiting_for = unquote(resp.headers.get("Atoll-Waiting", ""))
        if self.waiting_for and not self.quiet and self._is_news(self.waiting_for):
            self._shown, self._shown_at = self.waiting_for, time.monotonic()
            print(self._shown, file=sys.stderr, flush=True)
        elif not self.waiting_for:
            self._shown = ""

    def _is_news(self, sentence):
        if without_numbers(sentence) != without_numbers(self._shown):
            return True
        return sentence != self._shown and time.monotonic() > self._shown_at + AGAIN


def without_numbers(sentence):
    """A sentence that says how far something is says the same when only its numbers differ."""
    return re.sub(r"\d+", "", sentence)


class GatewayCluster(dask_gateway.GatewayCluster):
    """What JupyterLab's Dask panel makes.

    The panel takes the answer of `adapt` for the bounds, and would break on a coroutine. And it shows nothing of a cluster until it
    runs: one that waits for longer is handed to it with what it waits for in the place of its address.
    """

    _begun = None

    def _init_internal(self, *args, **kwargs):
        super()._init_internal(*args, **kwargs)
        if self.asynchronous:
            self.scheduler_info = {"workers": {}}
            if isinstance(self.gateway.auth, HubAuth):
                self.gateway.auth.quiet = True

    @property
    def scheduler_address(self):
        return self._address or getattr(self.gateway.auth, "waiting_for", "") or "starting"

    @scheduler_address.setter
    def scheduler_address(self, address):
        self._address = address

    async def __aenter__(self):
        self._begun = asyncio.ensure_future(super().__aenter__())
        await asyncio.wait({self._begun}, timeout=PATIENCE)
        if self._begun.done():
            return self._begun.result()
        self._begun.add_done_callback(self._end)
        return self

    def _end(self, begun):
        if not begun.cancelled() and begun.exception() is not None:
            self._address = str(begun.exception())

    async def _when_it_runs(self, ask):
        if self._begun is not None:
            await asyncio.wait({self._begun})
        if self.status == "running":
            await ask()

    def scale(self, n, **kwargs):
        if not self.asynchronous or self.status == "running":
            return super().scale(n, **kwargs)
        ask = super().scale
        in_background(self._when_it_runs(lambda: ask(n, **kwargs)))

    def adapt(self, minimum=None, maximum=None, active=True, **kwargs):
        ask = super().adapt
        if not self.asynchronous:
            return ask(minimum=minimum, maximum=maximum, active=active, **kwargs)
        asked = self._when_it_runs(lambda: ask(minimum=minimum, maximum=maximum, active=active, **kwargs))
        return Bounds(in_background(asked), minimum, maximum)


class Bounds:
    """The bounds of an adaptive cluster; awaited, it waits for the hub to have taken them."""

    def __init__(self, asked, minimum, maximum):
        self.asked, self.minimum, self.maximum = asked, minimum, maximum

    def __await__(self):
        return self.asked.__await__()


def in_background(work):
    """Goes on while nobody waits for it; a failure is logged."""
    task = asyncio.ensure_future(work)
    running.add(task)
    task.add_done_callback(end)
    return task


def end(task):
    running.discard(task)
    if not task.cancelled() and task.exception() is not None:
        logger.warning("The hub did not take a request of the Dask panel: %s", task.exception())


running = set()  # asyncio itself holds tasks only weakly
