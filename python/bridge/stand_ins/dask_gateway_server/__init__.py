"""Stands in for dask-gateway's server package: Atoll is the gateway, and needs only the options that snippets make."""
