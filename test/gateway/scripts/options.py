"""Looks at the options of clusters, and submits some. Prints one JSON object."""

from dask_gateway import Gateway
from support import tell


def refusal_of(**options):
    try:
        gateway.submit(**options)
    except ValueError as error:
        return str(error)


with Gateway() as gateway:
    options = gateway.cluster_options()
    before = dict(options)
    options.cores = 3
    options["environment"] = {"COLOUR": "blue"}
    options.memory = 2
    name = gateway.submit(options, size="large")
    report = gateway.get_cluster(name)
    tell(
        before=before,
        chosen=report.options,
        status=report.status.name,
        refusals=[
            refusal_of(unknown=1),
            refusal_of(cores=2.0),
            refusal_of(cores=99),
            refusal_of(memory=float("nan")),
            refusal_of(size="huge"),
            refusal_of(image="forbidden"),
        ],
        versions=gateway.get_versions()["server"],
    )
