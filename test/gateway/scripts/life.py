"""A cluster's life as its owner's notebook sees it, with the unmodified client. Prints one JSON object."""

import time

from dask_gateway import Gateway, GatewayCluster
from support import names_of, tell, until

cluster = GatewayCluster()
client = cluster.get_client()

cluster.scale(3)
client.wait_for_workers(3, timeout=60)
first = names_of(client)
total = client.submit(sum, range(10)).result(timeout=60)
info = sorted(worker["name"] for worker in cluster.scheduler_info["workers"].values())

with Gateway() as gateway:
    [report] = gateway.list_clusters()
    listed = [report.name == cluster.name, report.status.name, report.options]
    other = gateway.connect(cluster.name)
    with other.get_client(set_as_default=False) as second:
        through_name = second.submit(lambda: 6 * 7).result(timeout=60)
    other.close()

# Results that only one worker holds survive the retirement of the others.
kept = client.map(lambda x: x * x, range(20), pure=False)
client.gather(kept)
cluster.scale(1)
until(lambda: len(names_of(client)) == 1)
survived = sum(client.gather(kept))
del kept
after_down = names_of(client)

cluster.scale(0)
until(lambda: names_of(client) == [])
cluster.adapt(minimum=0, maximum=2)
adapted = client.submit(lambda: "adapted").result(timeout=60)
most = len(names_of(client))
until(lambda: names_of(client) == [])
cluster.adapt(minimum=2, maximum=2)
until(lambda: len(names_of(client)) == 2)
cluster.adapt(active=False)
cluster.scale(1)
until(lambda: len(names_of(client)) == 1)

link = cluster.dashboard_link
name = cluster.name
cluster.shutdown()
with Gateway() as gateway:
    left = gateway.list_clusters()
    start = time.time()
    until(lambda: gateway.get_cluster(name).status.name == "STOPPED")
    stopping = time.time() - start

tell(
    first=first,
    info=info,
    total=total,
    listed=listed,
    through_name=through_name,
    survived=survived,
    after_down=after_down,
    adapted=adapted,
    most=most,
    link=link,
    name=name,
    left=left,
    stopping=stopping,
)
