"""Lets a Jupyter server in a pod, its kernels and its terminals find Atoll's modules for Dask's clients, which lie beside this file.

Jupyter reads it since JUPYTER_CONFIG_PATH names its folder. Only here, inside the container, is it known which PYTHONPATH the image
has, and that the server is Jupyter at all: anything else never hears of modules that it could not find.
"""

import json
import os
import sys

folder = os.path.dirname(os.path.abspath(__file__))
if folder not in sys.path:  # Jupyter may read its files twice
    with open(os.path.join(folder, "dask-client.json"), encoding="utf-8") as file:
        os.environ.update(json.load(file))
    sys.path.append(folder)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), folder)))
