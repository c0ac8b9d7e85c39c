"""One round as a person's notebook sees it: a cluster, a client, workers, the first result. Prints seconds as JSON.

    python gatewayRound.py WORKERS [adapt]

With `adapt` also: from adapt(), on a cluster without workers, to the result of a task that was waiting for one.
"""

import json
import sys
import time

from dask_gateway import GatewayCluster

workers = int(sys.argv[1])
start = time.perf_counter()
cluster = GatewayCluster()
client = cluster.get_client()
connected = time.perf_counter()
cluster.scale(workers)
client.submit(sum, [1, 2]).result()
first = time.perf_counter()
client.wait_for_workers(workers)
scaled = time.perf_counter()
client.gather(client.map(lambda x: x + 1, range(4 * workers)))
seconds = {"connected": connected - start, "first": first - start, "scaled": scaled - connected}
if "adapt" in sys.argv:
    cluster.scale(0)
    while client.scheduler_info()["workers"]:
        time.sleep(0.05)
    start = time.perf_counter()
    cluster.adapt(minimum=0, maximum=workers)
    client.submit(sum, [3, 4]).result()
    seconds["adapted"] = time.perf_counter() - start
cluster.shutdown()
print(json.dumps(seconds))
