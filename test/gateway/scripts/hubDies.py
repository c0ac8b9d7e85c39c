"""Computes while the hub is killed, and then scales through the next one. Reads lines; prints a JSON object for each."""

import sys
import time

from dask_gateway import GatewayCluster
from support import names_of, tell, until

cluster = GatewayCluster()
client = cluster.get_client()
cluster.scale(2)
client.wait_for_workers(2, timeout=60)
slow = client.map(lambda x: (time.sleep(0.3), x)[1], range(20), pure=False)
tell(name=cluster.name)

sys.stdin.readline()  # The hub is dead.
total = sum(client.gather(slow))
tell(total=total, workers=len(names_of(client)))

sys.stdin.readline()  # The next one is there.
cluster.scale(3)
client.wait_for_workers(3, timeout=60)
cluster.scale(1)
until(lambda: len(names_of(client)) == 1)
answer = client.submit(lambda: 42).result(timeout=60)
cluster.shutdown()
tell(answer=answer)
