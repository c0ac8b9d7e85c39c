"""The options of the settings' own Python, as the unmodified client has them. Prints one JSON object."""

import gc
import os

# As in a server of that file.
os.environ["JUPYTER_IMAGE_SPEC"] = "ghcr.io/nrdg/autofq-daskhub:0546ce5f054b"
os.environ["DASK_GATEWAY__CLUSTER__OPTIONS__IMAGE"] = "{JUPYTER_IMAGE_SPEC}"

from dask_gateway import Gateway  # noqa: E402
from support import tell  # noqa: E402


def refusal(make):
    try:
        make()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


with Gateway() as gateway:
    shown = dict(gateway.cluster_options())
    untagged = refusal(lambda: gateway.new_cluster(image="ghcr.io/nrdg/autofq-daskhub"))
    unknown = refusal(lambda: gateway.new_cluster(colour="blue"))
    # The client's half-made clusters must not be collected in its event loop's thread, where they wait for that loop.
    gc.collect()
    left = len(gateway.list_clusters())
    with gateway.new_cluster() as cluster:
        kept = next(report.options for report in gateway.list_clusters() if report.name == cluster.name)
        cluster.scale(1)
        with cluster.get_client() as client:
            total = client.submit(sum, range(10)).result(timeout=60)
        cluster.shutdown()
    tell(shown=shown, untagged=untagged, unknown=unknown, left=left, kept=kept, total=total)
