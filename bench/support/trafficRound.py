"""One client as in a server, one through the edge, and one by a TLS connection made by hand to the same scheduler, in turns. Prints
seconds as JSON."""

import contextlib
import json
import os
import statistics
import sys
import tempfile
import time

import atoll_direct
from dask_gateway import GatewayCluster
from distributed import Client
from distributed.security import Security

rounds, megabytes = int(sys.argv[1]), 100

# Of one round. The clients take turns that are short beside the machine's busy moments, which so count for both.
SUBMIT_TURNS, SUBMITS_IN_TURN = 20, 10
DATA_TURNS = 4


def written(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return path


def submit(client):
    """Round trips one after another, as a notebook's loop makes them."""
    times = []
    for value in range(SUBMITS_IN_TURN):
        start = time.perf_counter()
        client.submit(abs, value, pure=False).result()
        times.append(time.perf_counter() - start)
    return times


def scatter_and_gather(client):
    data = os.urandom(megabytes * 1024 * 1024)
    start = time.perf_counter()
    future = client.scatter(data, hash=False, direct=False)
    assert len(client.gather(future, direct=False)) == len(data)
    return [time.perf_counter() - start]


def medians(measure, clients, turns):
    """The median of what each client needed, in turns; whoever comes second finds a warmer scheduler, so that is each in turn."""
    times = {name: [] for name in clients}
    for turn in range(turns):
        for name in clients if turn % 2 else reversed(clients):
            times[name] += measure(clients[name])
    return {name: statistics.median(values) for name, values in times.items()}


with GatewayCluster() as cluster, tempfile.TemporaryDirectory() as folder:
    cluster.scale(1)
    certificate = written(folder, "dask.crt", cluster.security.tls_cert)
    key = written(folder, "dask.pem", cluster.security.tls_key)
    security = Security(
        tls_ca_file=certificate, tls_client_cert=certificate, tls_client_key=key, require_encryption=True
    )
    # None shares its event loop with the GatewayCluster.
    with contextlib.ExitStack() as stack:

        def connected(address, security):
            return stack.enter_context(Client(address, security=security, set_as_default=False))

        server = connected(cluster.scheduler_address, cluster.security)
        server.wait_for_workers(1)
        assert atoll_direct.addresses.pop(cluster.name)  # of no use to a client elsewhere
        clients = {
            "server": server,
            "edge": connected(cluster.scheduler_address, cluster.security),
            "direct": connected(server.scheduler_info()["address"], security),
        }
        results = {"submit": {name: [] for name in clients}, "data": {name: [] for name in clients}}
        medians(submit, clients, SUBMIT_TURNS)
        medians(scatter_and_gather, clients, 1)
        for _ in range(rounds):
            for name, value in medians(submit, clients, SUBMIT_TURNS).items():
                results["submit"][name].append(value)
            for name, value in medians(scatter_and_gather, clients, DATA_TURNS).items():
                results["data"][name].append(value)
print(json.dumps(results))
