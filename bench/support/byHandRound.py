"""The same by hand: `dask scheduler` and the workers started at the same moment, then a Client. Prints JSON."""

import json
import socket
import subprocess
import sys
import time

from distributed import Client

dask, workers = sys.argv[1], int(sys.argv[2])
with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
address = f"tcp://127.0.0.1:{port}"
quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
start = time.perf_counter()
processes = [
    subprocess.Popen([dask, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--dashboard-address", ":0"], **quiet)
]
for _ in range(workers):
    worker = [dask, "worker", address, "--host", "127.0.0.1", "--nthreads", "1", "--memory-limit", "2GiB"]
    processes.append(subprocess.Popen(worker, **quiet))
client = Client(address, timeout=60)
connected = time.perf_counter()
client.submit(sum, [1, 2]).result()
first = time.perf_counter()
client.wait_for_workers(workers)
scaled = time.perf_counter()
client.gather(client.map(lambda x: x + 1, range(4 * workers)))
client.shutdown()
for process in processes:
    process.terminate()
for process in processes:
    process.wait()
print(json.dumps({"connected": connected - start, "first": first - start, "scaled": scaled - start}))
