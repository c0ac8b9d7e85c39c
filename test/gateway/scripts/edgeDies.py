"""Computes while the edge is killed, and then connects once more with an address that is none of its scheduler's."""

import sys
import time

import atoll_direct
from dask_gateway import GatewayCluster
from support import tell

with GatewayCluster() as cluster:
    cluster.scale(1)
    client = cluster.get_client()
    client.wait_for_workers(1, timeout=60)
    slow = client.map(lambda x: (time.sleep(0.3), x)[1], range(10), pure=False)
    tell(name=cluster.name)

    sys.stdin.readline()  # The edge was killed, and there is another one.
    total = sum(client.gather(slow))

    atoll_direct.addresses[cluster.name] = "127.0.0.1:1"
    with cluster.get_client(set_as_default=False) as other:
        answer = other.submit(lambda: 42).result(timeout=60)
    tell(total=total, answer=answer, known=list(atoll_direct.addresses))
