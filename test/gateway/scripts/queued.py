"""Waits for a cluster behind another one of the same person. Prints what the person read meanwhile, as one JSON object."""

import contextlib
import io
import threading

from dask_gateway import GatewayCluster
from support import tell, until

first = GatewayCluster()
read = io.StringIO()


def make_room():
    until(lambda: "turn" in read.getvalue())
    first.shutdown()


maker = threading.Thread(target=make_room)
with contextlib.redirect_stderr(read):
    maker.start()
    with GatewayCluster() as second:
        status = second.status
maker.join()
tell(read=read.getvalue(), status=status)
