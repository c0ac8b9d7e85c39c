"""Makes clusters, one after the other, and says which, until it is told to stop; then waits for all of them."""

import sys
import threading

from dask_gateway import Gateway
from support import tell, until

stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
gateway = Gateway()
acknowledged, refused = [], 0
while not stop.is_set() and len(acknowledged) < 4:
    try:
        acknowledged.append(gateway.submit())
        tell(name=acknowledged[-1])
    except Exception:
        refused += 1
    stop.wait(0.05)


def all_run():
    try:
        return all(gateway.get_cluster(name).status.name == "RUNNING" for name in acknowledged)
    except Exception:
        return False  # no hub at the moment


until(all_run, 120)
tell(acknowledged=acknowledged, refused=refused)
