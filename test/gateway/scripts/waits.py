"""Waits for a cluster while the hub is killed. Prints a JSON object before and one after."""

from dask_gateway import GatewayCluster
from support import tell

tell()
with GatewayCluster() as cluster, cluster.get_client() as client:
    cluster.scale(1)
    tell(answer=client.submit(sum, range(10)).result(timeout=60))
