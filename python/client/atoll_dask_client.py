"""Lets a plain `distributed.Client("gateway://HOST:PORT/NAME")` connect to a cluster of one's own.

JupyterLab's Dask panel inserts such a line into notebooks (dask/dask-labextension#135); the certificate that it lacks is asked
for at the gateway. Dask finds this by its setting `distributed.client.security-loader`, which Atoll sets for servers.
"""


def security(info):
    """What a client needs to connect to an address; None for addresses that are none of a gateway's."""
    address = info["address"]
    if not address.startswith("gateway://"):
        return None
    from dask_gateway import Gateway  # which also teaches Dask these addresses

    return Gateway().get_cluster(address.rsplit("/", 1)[-1]).security
