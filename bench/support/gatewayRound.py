"""One round as a person's notebook sees it: from GatewayCluster() to the first result, and to all workers. Prints JSON."""

import json
import sys
import time

from dask_gateway import GatewayCluster

workers = int(sys.argv[1])
start = time.perf_counter()
cluster = GatewayCluster()
made = time.perf_counter()
cluster.scale(workers)
client = cluster.get_client()
client.submit(sum, [1, 2]).result()
first = time.perf_counter()
client.wait_for_workers(workers)
client.gather(client.map(lambda x: x + 1, range(4 * workers)))
every = time.perf_counter()
cluster.shutdown()
print(json.dumps({"made": made - start, "first": first - start, "all": every - start}))
