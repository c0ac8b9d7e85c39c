"""Holds a cluster with two workers until standard input ends, and says where its dashboard is."""

import sys

from dask_gateway import GatewayCluster
from support import tell

with GatewayCluster() as cluster, cluster.get_client() as client:
    cluster.scale(1)
    client.wait_for_workers(1, timeout=60)
    client.submit(sum, range(10)).result()
    tell(name=cluster.name, link=cluster.dashboard_link)
    sys.stdin.read()
