"""The configuration as the charts hand it to the snippets: what zero-to-jupyterhub's and dask-gateway's own configuration
files make of the values before they run `extraConfig`."""

import copy
import re

from .config import Config

# The values of both charts, by their names in a daskhub file; see src/bridge/pythonValues.ts.
values = {"jupyterhub": {}, "dask-gateway": {}}

# What the chart's own values.yaml sets, as far as snippets count on it.
DEFAULTS = {
    "hub.templatePaths": [],
    "hub.templateVars": {},
    "hub.baseUrl": "/",
    "singleuser.extraEnv": {},
    "singleuser.extraLabels": {"hub.jupyter.org/network-access-hub": "true"},
    "singleuser.extraAnnotations": {},
    "singleuser.extraContainers": [],
    "singleuser.initContainers": [],
    "singleuser.extraTolerations": [],
    "singleuser.nodeSelector": {},
    "singleuser.profileList": [],
    "singleuser.lifecycleHooks": {},
    "singleuser.extraPodConfig": {},
    "singleuser.extraResource.limits": {},
    "singleuser.extraResource.guarantees": {},
    "singleuser.startTimeout": 300,
    "singleuser.memory.guarantee": "1G",
}

JUPYTERHUB_TRAITS = """
    concurrent_spawn_limit active_server_limit base_url allow_named_servers named_server_limit_per_user
    authenticate_prometheus redirect_to_server shutdown_on_logout template_paths template_vars
""".split()

SPAWNER_TRAITS = {
    "pod_name_template": "podNameTemplate",
    "start_timeout": "startTimeout",
    "image_pull_policy": "image.pullPolicy",
    "events_enabled": "events",
    "extra_labels": "extraLabels",
    "extra_annotations": "extraAnnotations",
    "uid": "uid",
    "fs_gid": "fsGid",
    "service_account": "serviceAccountName",
    "storage_extra_labels": "storage.extraLabels",
    "tolerations": "extraTolerations",
    "node_selector": "nodeSelector",
    "node_affinity_required": "extraNodeAffinity.required",
    "node_affinity_preferred": "extraNodeAffinity.preferred",
    "pod_affinity_required": "extraPodAffinity.required",
    "pod_affinity_preferred": "extraPodAffinity.preferred",
    "pod_anti_affinity_required": "extraPodAntiAffinity.required",
    "pod_anti_affinity_preferred": "extraPodAntiAffinity.preferred",
    "lifecycle_hooks": "lifecycleHooks",
    "init_containers": "initContainers",
    "extra_containers": "extraContainers",
    "mem_limit": "memory.limit",
    "mem_guarantee": "memory.guarantee",
    "cpu_limit": "cpu.limit",
    "cpu_guarantee": "cpu.guarantee",
    "extra_resource_limits": "extraResource.limits",
    "extra_resource_guarantees": "extraResource.guarantees",
    "environment": "extraEnv",
    "profile_list": "profileList",
    "extra_pod_config": "extraPodConfig",
}

GATEWAY_TRAITS = {
    "image": "image",
    "namespace": "namespace",
    "environment": "environment",
    "worker_threads": "worker.threads",
    **{
        trait.format(kind): key.format(kind)
        for kind in ("scheduler", "worker")
        for trait, key in {
            "{}_memory": "{}.memory.request",
            "{}_memory_limit": "{}.memory.limit",
            "{}_cores": "{}.cores.request",
            "{}_cores_limit": "{}.cores.limit",
            "{}_extra_pod_config": "{}.extraPodConfig",
            "{}_extra_container_config": "{}.extraContainerConfig",
        }.items()
    },
}


def get_config(key, default=None):
    """z2jh's: the value of the jupyterhub chart at a path; with `default`, when it is not set."""
    found = look_up(values["jupyterhub"], key)
    if found is None:
        found = DEFAULTS.get(key)
    return default if found is None else copy.deepcopy(found)


def look_up(tree, path):
    """The value at a path with dots, or None."""
    for name in path.split("."):
        if not isinstance(tree, dict) or name not in tree:
            return None
        tree = tree[name]
    return tree


def hub_config():
    """`c` before the snippets of hub.extraConfig."""
    c = Config()
    set_if_given(c.JupyterHub, {trait: get_config("hub." + camel_case(trait)) for trait in JUPYTERHUB_TRAITS})
    c.JupyterHub.services = [service_of(name, item) for name, item in named(get_config("hub.services"))]
    c.JupyterHub.load_roles = [{"name": name, **(item or {})} for name, item in named(get_config("hub.loadRoles"))]
    c.JupyterHub.load_groups = get_config("hub.loadGroups", {})
    set_if_given(c.KubeSpawner, {trait: get_config("singleuser." + key) for trait, key in SPAWNER_TRAITS.items()})
    c.KubeSpawner.environment = environment_of(c.KubeSpawner.environment)
    c.KubeSpawner.namespace = "default"
    c.KubeSpawner.common_labels = {"app": "jupyterhub", "heritage": "jupyterhub"}
    c.KubeSpawner.volumes = listed(get_config("singleuser.storage.extraVolumes"))
    c.KubeSpawner.volume_mounts = listed(get_config("singleuser.storage.extraVolumeMounts"))
    name, tag = get_config("singleuser.image.name"), get_config("singleuser.image.tag")
    if name:
        c.KubeSpawner.image = f"{name}:{tag}" if tag else name
    set_if_given(
        c.Spawner, {"cmd": get_config("singleuser.cmd"), "default_url": get_config("singleuser.defaultUrl")}
    )
    for section, traits in get_config("hub.config", {}).items():
        if isinstance(traits, dict):
            c[section].update(traits)
    return c


def gateway_config():
    """`c` before the snippets of dask-gateway's gateway.extraConfig."""
    backend = look_up(values["dask-gateway"], "gateway.backend") or {}
    c = Config()
    c.DaskGateway.backend_class = "dask_gateway_server.backends.kubernetes.KubeBackend"
    set_if_given(
        c.KubeClusterConfig, {trait: copy.deepcopy(look_up(backend, key)) for trait, key in GATEWAY_TRAITS.items()}
    )
    return c


def set_if_given(section, traits):
    """Sets those that are not None."""
    section.update({trait: value for trait, value in traits.items() if value is not None})


def named(items):
    """The entries of a map, or of a list of things with names."""
    if isinstance(items, list):
        return [(item.get("name"), item) for item in items]
    return list((items or {}).items())


def listed(items):
    """A list; of a map, its values by name."""
    if isinstance(items, dict):
        return [item for _, item in sorted(items.items()) if item]
    return items or []


def service_of(name, item):
    """A service as JupyterHub spells it."""
    service = {"name": name, **(item or {})}
    token = service.pop("apiToken", None)
    if token:
        service["api_token"] = token
    return service


def environment_of(items):
    """Environment variables as a map."""
    if not isinstance(items, list):
        return dict(items or {})
    return {item["name"]: item.get("value", "") if "valueFrom" not in item else item for item in items}


def camel_case(name):
    """`named_server_limit` as `namedServerLimit`."""
    return re.sub(r"_([a-z])", lambda match: match.group(1).upper(), name)
