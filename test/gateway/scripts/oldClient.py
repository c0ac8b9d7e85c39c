"""A whole life with the versions of dask-gateway and Dask that run this. Prints one JSON object."""

import os

import dask
import dask_gateway
from dask_gateway import BasicAuth, Gateway, GatewayCluster
from support import tell, until

with GatewayCluster() as cluster, cluster.get_client() as client:

    def count():
        return len(client.scheduler_info()["workers"])

    cluster.scale(2)
    client.wait_for_workers(2)
    total = client.submit(sum, range(10)).result(timeout=60)
    cluster.scale(0)
    until(lambda: count() == 0)
    cluster.adapt(minimum=0, maximum=1)
    adapted = client.submit(lambda: "adapted").result(timeout=60)
    with Gateway(auth=BasicAuth("ada", os.environ["JUPYTERHUB_API_TOKEN"])) as gateway:
        listed = [report.name for report in gateway.list_clusters()]
    tell(
        name=cluster.name,
        versions=[dask_gateway.__version__, dask.__version__],
        total=total,
        adapted=adapted,
        listed=listed,
        link=cluster.dashboard_link,
    )
    input()
