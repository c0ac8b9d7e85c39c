"""Keeps dask-gateway's client from waiting for itself.

A `Gateway` or `GatewayCluster` that nobody holds any more closes itself, and waits until its event loop has done that. Python may
find it in any thread, also in the one of that very loop: after a few `gateway.new_cluster(…)` that failed, for instance, since their
exceptions hold them in circles. It would then wait for ever, and with it everything else that the loop does.
"""

import asyncio
import threading


def close_beside_loops(kind):
    """Lets what is found in the thread of an event loop close itself in another thread."""
    close = kind.__del__

    def __del__(self):
        if asyncio._get_running_loop() is None:
            close(self)
        else:
            threading.Thread(target=close, args=(self,), name="dask-gateway closing", daemon=True).start()

    kind.__del__ = __del__
