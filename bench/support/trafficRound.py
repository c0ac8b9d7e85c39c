"""One client through the edge and one by a direct TLS connection to the same scheduler, in turns. Prints seconds as JSON."""

import json
import os
import statistics
import sys
import tempfile
import time

from dask_gateway import GatewayCluster
from distributed import Client
from distributed.security import Security

rounds, megabytes = int(sys.argv[1]), 100


def written(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return path


def submit(client):
    """The median of some round trips."""
    times = []
    for value in range(200):
        start = time.perf_counter()
        client.submit(abs, value, pure=False).result()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def scatter_and_gather(client):
    data = os.urandom(megabytes * 1024 * 1024)
    start = time.perf_counter()
    future = client.scatter(data, hash=False, direct=False)
    assert len(client.gather(future, direct=False)) == len(data)
    return time.perf_counter() - start


with GatewayCluster() as cluster, cluster.get_client() as edge, tempfile.TemporaryDirectory() as folder:
    cluster.scale(1)
    edge.wait_for_workers(1)
    certificate = written(folder, "dask.crt", cluster.security.tls_cert)
    key = written(folder, "dask.pem", cluster.security.tls_key)
    security = Security(
        tls_ca_file=certificate, tls_client_cert=certificate, tls_client_key=key, require_encryption=True
    )
    with Client(edge.scheduler_info()["address"], security=security, set_as_default=False) as direct:
        results = {"submit": {"edge": [], "direct": []}, "data": {"edge": [], "direct": []}}
        for client in (edge, direct):
            submit(client)
            scatter_and_gather(client)
        for number in range(rounds):
            pairs = [("edge", edge), ("direct", direct)]
            # Whoever comes second finds a warmer scheduler.
            for name, client in pairs if number % 2 else reversed(pairs):
                results["submit"][name].append(submit(client))
                results["data"][name].append(scatter_and_gather(client))
print(json.dumps(results))
