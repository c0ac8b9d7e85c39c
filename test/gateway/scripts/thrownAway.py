"""A client that nobody holds any more is found by Python in the thread of its own event loop; it closes itself all the same."""

import asyncio
import gc
import time

from dask_gateway import Gateway
from support import tell


def throw_away():
    """Returns the event loop of a client that only holds itself."""
    gateway = Gateway()
    circle = [gateway]
    circle.append(circle)
    return gateway.loop.asyncio_loop


async def collect():
    gc.collect()


gc.disable()
loop = throw_away()
asyncio.run_coroutine_threadsafe(collect(), loop).result(timeout=30)
deadline = time.time() + 30
while loop.is_running() and time.time() < deadline:
    time.sleep(0.05)
tell(runs=loop.is_running())
