"""What JupyterLab's Dask panel does, with the variables that servers have. Prints one JSON object."""

import asyncio

import atoll_gateway
from dask_labextension.manager import DaskClusterManager
from support import tell

atoll_gateway.PATIENCE = 1


async def until(condition):
    for _ in range(3000):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise TimeoutError("waited 60 s in vain")


async def reason(manager, cluster):
    """What is in the place of its address, once there is something."""
    await until(lambda: manager.get_cluster(cluster)["scheduler_address"] != "starting")
    return manager.get_cluster(cluster)["scheduler_address"]


async def main():
    async with DaskClusterManager() as manager:
        made = await manager.start_cluster("one", {"adapt": {"minimum": 1, "maximum": 2}})
        await until(lambda: manager.get_cluster("one")["workers"] == 1)
        adapted = manager.list_clusters()[0]["adapt"]
        changed = manager.adapt_cluster("one", 2, 2)["adapt"]
        await until(lambda: manager.get_cluster("one")["workers"] == 2)
        # Only one at a time may run.
        begins = await manager.start_cluster("two", {"workers": 1})
        waits = await reason(manager, "two")
        await manager.close_cluster("one")
        await until(lambda: manager.get_cluster("two")["workers"] == 1)
        runs = manager.get_cluster("two")
        await manager.scale_cluster("two", 0)
        await until(lambda: manager.get_cluster("two")["workers"] == 0)
        await manager.start_cluster("three")
        third = await reason(manager, "three")
        await manager.close_cluster("three")
        tell(
            made=made["name"],
            adapted=adapted,
            changed=changed,
            begins=begins["workers"],
            waits=waits,
            runs=runs["scheduler_address"],
            third=third,
            left=[cluster["id"] for cluster in manager.list_clusters()],
        )


asyncio.run(main())
