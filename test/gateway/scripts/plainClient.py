"""What JupyterLab's Dask panel inserts into notebooks, with the setting that servers have. Prints one JSON object."""

import os

import dask

dask.config.set({"distributed.client.security-loader": "atoll_dask_client.security"})

from dask_gateway import GatewayCluster  # noqa: E402
from distributed import Client  # noqa: E402
from support import tell  # noqa: E402

cluster = GatewayCluster()
cluster.scale(1)
with Client(cluster.scheduler_address) as client:
    explicit = client.submit(lambda: 42).result(timeout=60)
dask.config.set({"scheduler-address": cluster.scheduler_address})
with Client() as client:
    configured = client.submit(lambda: 43).result(timeout=60)
cluster.shutdown()
tell(explicit=explicit, configured=configured)
os._exit(0)  # the loader's own connection to the gateway ends with the program
