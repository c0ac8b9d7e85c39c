"""What the snippets have set up, and the operations that the hub asks for."""

import copy
import os
import sys

from . import absent, chart, clusters, failure, sign_in, snippets, spawners
from .config import Config, value_of
from .plain import NotPlain, plain

STAND_INS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "stand_ins")

SPAWNERS = {"Spawner", "KubeSpawner"}
# Traits that may be functions, which the operations below call.
SPAWNER_HOOKS = {
    "apply_user_options",
    "auth_state_hook",
    "options_form",
    "options_from_form",
    "post_stop_hook",
    "pre_spawn_hook",
    "profile_list",
}
SIGN_IN_HOOKS = {
    "auth_state_groups_key",
    "claim_groups_key",
    "modify_auth_state_hook",
    "post_auth_hook",
    "refresh_user_hook",
    "username_claim",
}

# Hooks by the names that they had before.
HOOK_NAMES = {"claim_groups_key": "auth_state_groups_key"}

# Traits that are not carried over, and how to do without.
NOT_CARRIED = {
    ("JupyterHub", "spawner_class"): (
        "Atoll starts servers itself, and calls nothing of a spawner class.",
        "Set on the spawner in c.Spawner.pre_spawn_hook what the class sets on self, or write it under jupyterhub.singleuser.",
    ),
    ("JupyterHub", "authenticator_class"): (
        "A class of one's own cannot sign people in.",
        "Name a built-in authenticator; c.Authenticator.post_auth_hook can change names, groups and who may come in.",
    ),
    ("DaskGateway", "authenticator_class"): (
        "The gateway is part of Atoll, and lets in whom the hub lets in.",
        "Choose who may come in under jupyterhub.hub.config.",
    ),
    ("DaskGateway", "backend_class"): (
        "Atoll starts schedulers and workers itself, and calls nothing of a backend class.",
        "Set c.ClusterConfig, or return values from the handler of the options.",
    ),
    ("JupyterHub", "extra_handlers"): (
        "Pages of one's own are not served.",
        "Run them as a service under jupyterhub.hub.services.",
    ),
    (None, "modify_pod_hook"): (
        "Atoll makes pods itself, and calls nothing on them.",
        "Set traits such as spawner.volumes or spawner.init_containers in c.Spawner.pre_spawn_hook, or under jupyterhub.singleuser.",
    ),
    (None, "after_pod_created_hook"): (
        "Atoll makes pods itself, and calls nothing on them.",
        "Use c.Spawner.pre_spawn_hook.",
    ),
}


# What the hub may ask for, beside `load`. Each gets the session and the request.
OPERATIONS = {
    "clusterConfig": clusters.cluster_config,
    "clusterOptions": clusters.cluster_options,
    "groups": sign_in.groups_of,
    "modifyAuthState": sign_in.modify_auth_state,
    "optionsForm": spawners.options_form,
    "optionsFromForm": spawners.options_from_form,
    "postAuth": sign_in.post_auth,
    "profiles": spawners.profiles,
    "refreshUser": sign_in.refresh_user,
    "startServer": spawners.start_server,
    "stopServer": spawners.stop_server,
    "userName": sign_in.user_name_of,
}


class Session:
    """The state of one load."""

    def __init__(self):
        self.hub = Config()
        self.gateway = Config()
        self.snippets = []
        self.problems = []

    def perform(self, request):
        """Does what a request asks for."""
        operation = request["op"]
        if operation == "load":
            return self.load(request)
        return OPERATIONS[operation](self, request)

    def load(self, request):
        """Runs all snippets; says what they set, which hooks there are, and what is wrong."""
        sys.path.append(STAND_INS)
        sys.meta_path.append(absent.Finder())
        os.environ.update(request["variables"])
        chart.values = request["values"]
        self.snippets = [snippets.Snippet(**one) for one in request["snippets"]]
        compiled = self.compile()
        found = {"traits": [], "hooks": []}
        for name, begin in {"hub": chart.hub_config, "gateway": chart.gateway_config}.items():
            if any(snippet.chart == name for snippet in self.snippets):
                c = begin()
                before = copy.deepcopy(c)
                setattr(self, name, c)
                self.run(name, c, compiled)
                self.collect(name, before, c, found)
        options = clusters.kind_of_options(self.gateway)
        uses_auth_state = any("auth_state" in snippet.source for snippet in self.snippets)
        return {**found, "clusterOptions": options, "usesAuthState": uses_auth_state, "problems": self.problems}

    def compile(self):
        """The code of each snippet; what is not Python is a problem each, and then nothing runs."""
        compiled = {}
        for snippet in self.snippets:
            try:
                compiled[snippet] = snippet.compile()
            except (SyntaxError, ValueError) as error:
                self.fail(snippet, error)
                continue
            for line, name, full_name in snippet.replacements():
                self.warn(
                    {"file": snippet.file, "line": line},
                    f"{name} is replaced in vain: Atoll calls nothing of it.",
                    "Use the hooks of c.Spawner and c.Authenticator.",
                    # It may be a rule about who may come in.
                    fatal=full_name.startswith(("oauthenticator.", "jupyterhub.auth.")),
                )
        return {} if self.problems and any(problem["failure"] for problem in self.problems) else compiled

    def run(self, name, c, compiled):
        """Runs the snippets of one chart in the order of their names, in one namespace, up to the first that fails."""
        namespace = {"__name__": snippets.module_name(name), "c": c}
        for snippet, code in compiled.items():
            if snippet.chart != name:
                continue
            namespace.update(prelude(name, c, snippet.names() - namespace.keys()))
            try:
                exec(code, namespace)
            except BaseException as error:
                self.fail(snippet, error)
                return

    def collect(self, name, before, c, found):
        """What the snippets changed in `c`, trait by trait."""
        for section, traits in c.items():
            for trait, value in list(traits.items()) if isinstance(traits, Config) else []:
                value = value_of(value)
                earlier = value_of(dict.get(dict.get(before, section, {}), trait))
                if value is None or same(earlier, value):
                    continue
                place = traits._places.get(trait) or self.place_about(name, section, trait)
                self.collect_one(name, section, trait, value, place, found)

    def collect_one(self, name, section, trait, value, place, found):
        """One trait: a hook, a value, or what cannot be carried over."""
        if trait == "authenticator_class" and isinstance(value, type) and value.__module__ != snippets.module_name(name):
            # One of a package is known by its name.
            value = f"{value.__module__}.{value.__name__}"
        refused = NOT_CARRIED.get((section, trait)) or NOT_CARRIED.get((None, trait))
        if refused and not isinstance(value, str):
            # Another way to sign in must not take the place of one's own unseen.
            self.warn(place, f"c.{section}.{trait}: {refused[0]}", refused[1], fatal=(section, trait) == ("JupyterHub", "authenticator_class"))
            return
        if name == "gateway" and trait == "cluster_options":
            if not (callable(value) or clusters.is_options(value)):
                self.warn(place, f"c.{section}.{trait} takes Options, or a function that returns some.", None)
            return
        hooks = SPAWNER_HOOKS if section in SPAWNERS else SIGN_IN_HOOKS if section.endswith("Authenticator") else ()
        if trait in hooks and callable(value) and hooks is SIGN_IN_HOOKS and section not in self.authenticators():
            self.warn(place, f"c.{section}.{trait} is never called: {section} is not the authenticator in use.", None)
            return
        if trait in hooks and (callable(value) or trait == "options_form"):
            found["hooks"].append({"name": HOOK_NAMES.get(trait, trait), "place": snippets.place_of_function(value) or place})
            return
        if trait == "environment" and section in SPAWNERS and spawners.callables_in(value):
            found["hooks"].append({"name": "environment", "place": place})
            value = {name: item for name, item in value.items() if not callable(item)}
        try:
            found["traits"].append(
                {"chart": name, "section": section, "trait": trait, "value": plain(value), "place": place}
            )
        except NotPlain as error:
            self.warn(place, f"c.{section}.{trait} is not read: {error.what} means nothing to Atoll there.", None)

    def authenticators(self):
        """The classes of the authenticator in use."""
        return sign_in.classes_in_use(self.hub)

    def place_about(self, name, section, trait):
        """The last line that mentions a trait: where a value was changed that was there before."""
        for snippet in reversed([one for one in self.snippets if one.chart == name and one.tree]):
            line = snippet.line_about(section, trait)
            if line is not None:
                return {"file": snippet.file, "line": line}
        return None

    def warn(self, place, message, instead, fatal=False):
        """Notes what is not carried over; `fatal`: the hub must not run without it."""
        self.problems.append(
            {"failure": None, "fatal": fatal, "message": message, "instead": instead, "place": place}
        )

    def fail(self, snippet, error):
        """Notes that a snippet failed."""
        told = failure.describe(error)
        told["place"] = told["place"] or {"file": snippet.file, "line": snippet.line}
        self.problems.append(
            {"failure": told, "fatal": True, "message": told["reason"], "instead": None, "place": told["place"]}
        )

    def user_of(self, user):
        """A user as hooks know one."""
        return spawners.User(user["name"], user["admin"], user["groups"], user.get("authState"), user.get("id"))


def same(earlier, value):
    """Whether a value was not changed."""
    try:
        return type(earlier) is type(value) and plain(earlier) == plain(value)
    except NotPlain:
        return False


def prelude(name, c, wanted):
    """What the charts' own configuration files have imported or defined already, as far as a snippet uses it."""
    given = {}
    for module in {"os", "re", "sys", "json"} & wanted:
        given[module] = __import__(module)
    if name == "gateway":
        if "get_property" in wanted:
            given["get_property"] = lambda path, default=None: chart.look_up(chart.values["dask-gateway"], path) or default
        return given
    import z2jh

    if "get_config" in wanted:
        # In configuration files of JupyterHub, without a key, it is `c`.
        given["get_config"] = lambda *args, **kwargs: z2jh.get_config(*args, **kwargs) if args or kwargs else c
    for function in {"get_name", "get_name_env", "get_secret_value", "set_config_if_not_none"} & wanted:
        given[function] = getattr(z2jh, function)
    # binderhub-service's name for the same.
    if "get_chart_config" in wanted:
        given["get_chart_config"] = z2jh.get_config
    if "camelCaseify" in wanted:
        given["camelCaseify"] = chart.camel_case
    if "AsyncHTTPClient" in wanted:
        from tornado.httpclient import AsyncHTTPClient

        given["AsyncHTTPClient"] = AsyncHTTPClient
    if "url_path_join" in wanted:
        given["url_path_join"] = lambda *parts: "/".join(part.strip("/") for part in parts)
    return given
