"""Stands in for jupyterhub-fancy-profiles: Atoll's own page shows the profiles."""


def setup_ui(c):
    """Nothing to do."""
