"""Computes on a cluster of its own again and again, whatever happens to hub and edge, until standard input ends.

Every result is checked. Prints the cluster's name, then one JSON object with what came of it.
"""

import sys
import threading
import time

from dask_gateway import GatewayCluster
from distributed import wait
from support import tell

stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()


def patiently(work, seconds=120):
    """A person's program tries again, for a while, when a connection broke."""
    deadline = time.time() + seconds
    while True:
        try:
            return work()
        except Exception as error:
            if time.time() > deadline:
                raise
            trouble.append(type(error).__name__)
            time.sleep(0.2)


trouble = []
cluster = patiently(GatewayCluster)
patiently(lambda: cluster.scale(2))
client = patiently(cluster.get_client)
tell(name=cluster.name)

right, wrong = 0, 0


def compute(number):
    global client
    try:
        futures = client.map(lambda x: (time.sleep(0.01), x * x)[1], range(number, number + 20), pure=False)
        # Dask's client can wait for ever when its connection breaks once more while it is connecting again.
        wait(futures, timeout=60)
        return sum(client.gather(futures))
    except Exception:
        client.close(timeout=1)
        client = cluster.get_client()
        raise


number = 0
while not stop.is_set():
    number += 1
    expected = sum(x * x for x in range(number, number + 20))
    if patiently(lambda: compute(number)) == expected:
        right += 1
    else:
        wrong += 1
patiently(cluster.shutdown)
tell(right=right, wrong=wrong, trouble=len(trouble))
