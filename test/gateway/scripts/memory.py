"""A task takes more memory than a worker may have; another one ends its worker. Prints what the person reads, as JSON."""

import os
import time
import warnings

from dask_gateway import GatewayCluster
from support import tell, until


def hungry(megabytes):
    data = bytearray(megabytes * 1024 * 1024)
    for start in range(0, len(data), 4096):
        data[start] = 1
    time.sleep(30)


def crash(code):
    time.sleep(2)  # so that a heartbeat of the worker tells what it runs
    os._exit(code)


with GatewayCluster() as cluster, cluster.get_client() as client, warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")

    def read():
        return [str(one.message) for one in caught if str(one.message).startswith("worker-")]

    cluster.scale(1)
    client.wait_for_workers(1, timeout=60)
    lost = client.submit(hungry, 600, key="hungry-1", pure=False)
    error = type(lost.exception(timeout=60)).__name__
    until(lambda: len(read()) == 1)
    client.wait_for_workers(1, timeout=60)
    client.submit(crash, 3, key="crash-1", pure=False).exception(timeout=60)
    until(lambda: len(read()) == 2)
    tell(name=cluster.name, error=error, warnings=read())
