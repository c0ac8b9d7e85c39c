"""A cluster that may have two workers. Prints one JSON object."""

import warnings

from dask_gateway import Gateway, GatewayCluster
from support import names_of, tell, until

with Gateway() as gateway:
    options = dict(gateway.cluster_options())
    try:
        gateway.new_cluster(image="unknown")
        refused = None
    except ValueError as error:
        refused = str(error)

with GatewayCluster() as cluster, cluster.get_client() as client:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cluster.scale(5)
        client.wait_for_workers(2, timeout=60)
        cluster.adapt(minimum=0, maximum=float("inf"))
        cluster.scale(0)
    messages = [str(one.message) for one in caught if one.category.__name__ == "GatewayWarning"]
    until(lambda: names_of(client) == [])
    try:
        cluster.scale(-1)
        negative = None
    except ValueError as error:
        negative = str(error)

tell(options=options, refused=refused, messages=messages, negative=negative)
