"""The spawner and the user as hooks see them, and the hooks that run when servers start and stop."""

import copy
import inspect
from types import SimpleNamespace

from . import log, snippets
from .config import trait_of
from .failure import Refusal
from .plain import NotPlain, plain
from .sign_in import authenticator_of, settled

CLASSES = ["KubeSpawner", "Spawner"]

# What hooks find although neither the settings nor the request have it.
DEFAULTS = {
    "volumes": list,
    "volume_mounts": list,
    "extra_containers": list,
    "init_containers": list,
    "tolerations": list,
    "args": list,
    "extra_labels": dict,
    "extra_annotations": dict,
    "node_selector": dict,
    "extra_pod_config": dict,
    "extra_container_config": dict,
    "extra_resource_limits": dict,
    "extra_resource_guarantees": dict,
    "storage_selector": dict,
    "image": lambda: None,
    "service_account": lambda: None,
    "notebook_dir": lambda: "",
    "working_dir": lambda: None,
    "start_timeout": lambda: 300,
    "http_timeout": lambda: 30,
    "ip": lambda: "127.0.0.1",
    "port": lambda: 0,
    "handler": lambda: None,
    "namespace": lambda: "default",
}


# What is read back on its own, or cannot be changed.
UNCHANGEABLE = set(
    "user name environment authenticator config log hub server orm_spawner user_options handler".split()
)


class Group(SimpleNamespace):
    """A group of a user; has a `name`."""

    def __str__(self):
        return self.name


class User:
    """Somebody who has a server, or makes a cluster."""

    def __init__(self, name, admin=False, groups=(), auth_state=None, id=None):
        self.name = name
        self.admin = admin
        self.groups = [Group(name=group) for group in groups]
        self.id = id
        self.escaped_name = name
        self.url = f"/user/{name}/"
        self._auth_state = auth_state

    async def get_auth_state(self):
        """What the authenticator remembers."""
        return self._auth_state


class Spawner:
    """The server about to start, as JupyterHub's and KubeSpawner's hooks know it. What they set is read back."""

    def __init__(self, session, request):
        set_own = vars(self).__setitem__
        server = request["server"]
        user = session.user_of(request["user"])
        set_own("_session", session)
        set_own("_places", {})
        set_own("_fields", server["fields"])
        for name, value in {
            "user": user,
            "name": server["name"],
            "user_options": server["userOptions"],
            "environment": {**callables_in(trait_of(session.hub, CLASSES, "environment")), **server["environment"]},
            "mem_limit": server["memoryLimit"],
            "mem_guarantee": server["memoryGuarantee"],
            "cpu_limit": server["coreLimit"],
            "cpu_guarantee": server["coreGuarantee"],
            "default_url": server["defaultUrl"],
            "cmd": server["command"],
            "args": server["arguments"],
            "pod_name": server["fields"]["safe_username"],
            "authenticator": authenticator_of(session.hub),
            "config": session.hub,
            "log": log.logger,
            "hub": SimpleNamespace(
                base_url="/hub/", public_host="", url=server["hubUrl"] + "/hub/", api_url=server["hubUrl"] + "/hub/api"
            ),
            "server": SimpleNamespace(base_url=server["path"]),
            "orm_spawner": SimpleNamespace(name=server["name"], user=user),
        }.items():
            set_own(name, value)
        set_own("_before", self.state())

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        value = trait_of(self._session.hub, CLASSES, name)
        if value is None:
            if name not in DEFAULTS:
                raise AttributeError(f"Atoll's spawner has no attribute {name!r}")
            value = DEFAULTS[name]()
        elif isinstance(value, (list, dict, set)):
            # What a hook changes is this server's alone.
            value = copy.deepcopy(value)
        vars(self)[name] = value
        self._before.update(plain_ones({name: value}))
        return value

    def __setattr__(self, name, value):
        self._places[name] = snippets.place_of_caller()
        vars(self)[name] = value

    def template_namespace(self):
        """The fields of templates such as {username}."""
        return dict(self._fields)

    def _expand_user_properties(self, template):
        return template.format(**self.template_namespace())

    def _expand_all(self, source):
        """Fills the fields in everywhere in a value."""
        if isinstance(source, dict):
            return {key: self._expand_all(value) for key, value in source.items()}
        if isinstance(source, (list, tuple)):
            return [self._expand_all(item) for item in source]
        return self._expand_user_properties(source) if isinstance(source, str) else source

    def state(self):
        """What hooks may change, as it is now."""
        return plain_ones(
            {name: value for name, value in vars(self).items() if name not in UNCHANGEABLE and not name.startswith("_")}
        )

    def changes(self):
        """What was changed since the beginning: name -> value."""
        before = self._before
        return {name: value for name, value in self.state().items() if name not in before or before[name] != value}

    def place_of(self, name):
        """Where an attribute was set, or None."""
        return self._places.get(name)


def plain_ones(values):
    """Those values that are plain."""
    found = {}
    for name, value in values.items():
        try:
            found[name] = plain(value)
        except NotPlain:
            pass
    return found


def callables_in(environment):
    """The variables that are worked out at each start."""
    if not isinstance(environment, dict):
        return {}
    return {name: value for name, value in environment.items() if callable(value)}


async def start_server(session, request):
    """What runs before a start, in JupyterHub's order; returns what it comes to."""
    spawner = Spawner(session, request)
    state = await spawner.user.get_auth_state()
    await run_hook(session, "auth_state_hook", spawner, state)
    apply = trait_of(session.hub, CLASSES, "apply_user_options")
    if callable(apply):
        await settled(apply(spawner, spawner.user_options))
    await run_hook(session, "pre_spawn_hook", spawner)
    variables, literal = {}, {}
    for name, value in spawner.environment.items():
        if callable(value):
            value = await settled(value(spawner))
            if value is not None:
                literal[name] = str(value)
        elif value is not None:
            variables[name] = str(value)
    changes = spawner.changes()
    return {
        "environment": variables,
        "literalEnvironment": literal,
        "changes": changes,
        "places": {name: spawner.place_of(name) for name in changes},
    }


async def stop_server(session, request):
    """What runs after a server has stopped."""
    await run_hook(session, "post_stop_hook", Spawner(session, request))


async def profiles(session, request):
    """The profiles that a user may choose from: `profile_list` as a function."""
    listed = await settled(trait_of(session.hub, CLASSES, "profile_list")(Spawner(session, request)))
    if isinstance(listed, dict):
        listed = [{"slug": slug, **profile} for slug, profile in listed.items()]
    if not isinstance(listed, (list, tuple)):
        raise Refusal(f"profile_list returned {type(listed).__name__} instead of a list")
    return plain(listed)


async def options_form(session, request):
    """The form that a user fills in before a start, as HTML; empty for none."""
    form = trait_of(session.hub, CLASSES, "options_form")
    if callable(form):
        form = await settled(form(Spawner(session, request)))
    return str(form or "")


async def options_from_form(session, request):
    """What a filled-in form means as user options."""
    read = trait_of(session.hub, CLASSES, "options_from_form")
    spawner = Spawner(session, request)
    several = len(inspect.signature(read).parameters) > 1
    options = await settled(read(request["form"], spawner) if several else read(request["form"]))
    if not isinstance(options, dict):
        raise Refusal(f"options_from_form returned {type(options).__name__} instead of a dict")
    return plain(options)


async def run_hook(session, name, *arguments):
    """Runs a hook of the spawner, if there is one."""
    hook = trait_of(session.hub, CLASSES, name)
    if hook is not None:
        await settled(hook(*arguments))
