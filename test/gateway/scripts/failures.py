"""Workers and the scheduler are killed while a cluster computes. Prints one JSON object."""

import os
import signal
import time

from dask_gateway import Gateway, GatewayCluster
from support import names_of, tell, until

cluster = GatewayCluster()
client = cluster.get_client()
cluster.scale(2)
client.wait_for_workers(2, timeout=60)

pids = client.run(os.getpid)
before = names_of(client)
slow = client.map(lambda x: (time.sleep(0.2), x)[1], range(20), pure=False)
os.kill(next(iter(pids.values())), signal.SIGKILL)
start = time.time()
until(lambda: len(names_of(client)) == 2 and names_of(client) != before)
replaced = time.time() - start
total = sum(client.gather(slow))

scheduler = client.run_on_scheduler(os.getpid)
workers = list(client.run(os.getpid).values())
os.kill(scheduler, signal.SIGKILL)
start = time.time()
with Gateway() as gateway:
    until(lambda: gateway.get_cluster(cluster.name).status.name == "FAILED")
    noticed = time.time() - start
    try:
        gateway.connect(cluster.name)
        reason = None
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"


def is_gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


until(lambda: all(is_gone(pid) for pid in workers))
tell(replaced=replaced, total=total, noticed=noticed, reason=reason, ended=time.time() - start)
os._exit(0)  # The client would try to reach its scheduler again and again.
