"""Stands in for zero-to-jupyterhub's module of this name: the values, for snippets of hub.extraConfig."""

from atoll_bridge.chart import get_config
from atoll_bridge.failure import Refusal

__all__ = ["get_config", "get_name", "get_name_env", "get_secret_value", "set_config_if_not_none"]


def set_config_if_not_none(cparent, name, key):
    """Sets a trait to the value at a path, when there is one."""
    value = get_config(key)
    if value is not None:
        setattr(cparent, name, value)


def get_secret_value(key, default="never-explicitly-set"):
    """A secret of the hub by its path, such as `hub.services.binder.apiToken`."""
    value = get_config(key, None if default == "never-explicitly-set" else default)
    if value is None:
        raise Refusal(f"z2jh.get_secret_value({key!r}): the settings do not have it; Atoll keeps its own secrets to itself")
    return value


def get_name(name):
    """The full name of a Kubernetes object."""
    return name


def get_name_env(name, suffix=""):
    """A variable that Kubernetes sets for a service."""
    raise Refusal(f"z2jh.get_name_env({name!r}): there are no Kubernetes services here")


def __getattr__(name):
    raise AttributeError(f"Atoll's stand-in for z2jh has no {name!r}; it has {', '.join(__all__)}")
