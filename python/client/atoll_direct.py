"""Takes a notebook's traffic with its scheduler straight there, where that can be reached, and not through the hub's proxy.

Data that is scattered and gathered is then copied once less, and nothing is lost when the proxy dies. The hub tells its own clients
where the scheduler of a cluster listens; the certificate of the cluster is asked for there as everywhere. When the direct way fails,
for whatever reason, the way through the proxy is taken from then on.
"""

import asyncio

from dask_gateway.comm import GatewayBackend, GatewayConnector, parse_gateway_address

PATIENCE = 2  # seconds until a scheduler that does not answer directly is asked for through the proxy

addresses = {}  # of schedulers, "HOST:PORT", by the name of the cluster


class DirectConnector(GatewayConnector):
    """Connects to the scheduler itself when its address is known."""

    async def connect(self, address, deserialize=True, **connection_args):
        name = parse_gateway_address(address)[-1]
        direct = addresses.get(name)
        if direct is not None:
            try:
                way = super().connect(f"{direct}/{name}", deserialize, **connection_args)
                return await asyncio.wait_for(way, PATIENCE)
            except (OSError, asyncio.TimeoutError):
                addresses.pop(name, None)
        return await super().connect(address, deserialize, **connection_args)


GatewayBackend.get_connector = lambda self: DirectConnector()
