"""Holds a cluster whose scheduler tells what reaches it, until standard input ends. Prints one JSON object."""

import sys

from dask_gateway import GatewayCluster
from support import tell


def echo(dask_scheduler):
    """Code of the cluster's owner in the scheduler: an address that answers with the headers of the request."""
    import json

    from tornado.web import RequestHandler

    class Echo(RequestHandler):
        def get(self):
            self.write(json.dumps(dict(self.request.headers)))

    dask_scheduler.http_application.add_handlers(".*", [("/echo", Echo)])
    return dask_scheduler.services["gateway"].api_address, dask_scheduler.address


with GatewayCluster() as cluster, cluster.get_client() as client:
    cluster.scale(1)
    client.wait_for_workers(1, timeout=60)
    api, address = client.run_on_scheduler(echo)
    tell(name=cluster.name, cert=cluster.security.tls_cert, key=cluster.security.tls_key, api=api, address=address)
    sys.stdin.read()
