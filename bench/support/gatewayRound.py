"""One round as a person's notebook sees it: a cluster, a client, workers, the first result. Prints seconds as JSON."""

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
cluster.shutdown()
print(json.dumps({"connected": connected - start, "first": first - start, "scaled": scaled - connected}))
