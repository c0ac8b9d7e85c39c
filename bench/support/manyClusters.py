"""dask-gateway's own API with a thousand running clusters of one user, none of which has a process. Prints its address as JSON.

The records are made as the gateway makes them, with one key pair for all: making one takes it a tenth of a second.
"""

import asyncio
import json
import sys

from dask_gateway_server import tls
from dask_gateway_server.app import DaskGateway
from dask_gateway_server.backends import db_base
from dask_gateway_server.backends.base import ClusterConfig
from dask_gateway_server.backends.local import UnsafeLocalBackend
from traitlets.config import Config

count, port = int(sys.argv[1]), int(sys.argv[2])


class RecordsOnly(UnsafeLocalBackend):
    """Keeps records, and never looks whether they are true."""

    async def setup(self, app):
        await super().setup(app)
        pair = tls.new_keypair("bench")
        db_base.new_keypair = lambda name: pair
        for _ in range(count):
            cluster = self.db.create_cluster("ada", {}, ClusterConfig().to_dict())
            running = {"scheduler_address": "tls://127.0.0.1:1", "dashboard_address": "http://127.0.0.1:2"}
            self.db.update_cluster(cluster, status=db_base.JobStatus.RUNNING, **running)

    async def check_timeouts_loop(self):
        await asyncio.Event().wait()

    async def check_clusters_loop(self):
        await asyncio.Event().wait()

    async def check_workers_loop(self):
        await asyncio.Event().wait()


async def main():
    config = Config()
    config.DaskGateway.backend_class = RecordsOnly
    config.DaskGateway.address = f"127.0.0.1:{port}"
    config.Proxy.externally_managed = True
    config.Proxy.address = "127.0.0.1:1"
    gateway = DaskGateway(config=config)
    gateway.initialize([])
    await gateway.setup()
    print(json.dumps({"address": f"http://127.0.0.1:{port}"}), flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
