"""The authenticator as hooks see it, and the hooks that run when people sign in."""

from . import log
from .config import trait_of
from .failure import Refusal
from .plain import plain

# What `c.JupyterHub.authenticator_class` may be for a class name; other texts end in a class name.
ALIASES = {
    "auth0": "Auth0OAuthenticator",
    "azuread": "AzureAdOAuthenticator",
    "bitbucket": "BitbucketOAuthenticator",
    "cilogon": "CILogonOAuthenticator",
    "dummy": "DummyAuthenticator",
    "generic-oauth": "GenericOAuthenticator",
    "github": "GitHubOAuthenticator",
    "gitlab": "GitLabOAuthenticator",
    "globus": "GlobusOAuthenticator",
    "google": "GoogleOAuthenticator",
    "mediawiki": "MWOAuthenticator",
    "native": "NativeAuthenticator",
    "okta": "OktaOAuthenticator",
    "openshift": "OpenShiftOAuthenticator",
    "pam": "PAMAuthenticator",
    "shared-password": "SharedPasswordAuthenticator",
}

DEFAULTS = {
    "admin_users": set,
    "allowed_users": set,
    "blocked_users": set,
    "username_map": dict,
    "scope": list,
    "extra_authorize_params": dict,
    "allow_all": lambda: False,
    "enable_auth_state": lambda: False,
    "manage_groups": lambda: False,
    "auth_refresh_age": lambda: 300,
}


class Authenticator:
    """The authenticator in use, with the traits of the settings as attributes."""

    def __init__(self, c, classes):
        self.config = c
        self.log = log.logger
        self._classes = classes
        self._made = {}

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        value = trait_of(self.config, self._classes, name)
        if value is not None:
            return value
        if name not in DEFAULTS:
            raise AttributeError(f"Atoll's authenticator has no attribute {name!r}, and the settings do not set it")
        return self._made.setdefault(name, DEFAULTS[name]())

    async def httpfetch(self, url, label="fetching", parse_json=True, raise_error=True, **kwargs):
        """oauthenticator's: fetches a URL; what came, as JSON unless told otherwise."""
        import json

        from tornado.httpclient import AsyncHTTPClient

        response = await AsyncHTTPClient().fetch(url, raise_error=raise_error, **kwargs)
        if not parse_json:
            return response
        return json.loads(response.body.decode()) if response.body else None


def classes_in_use(c):
    """The class of the authenticator that the settings choose, and those above it."""
    chosen = trait_of(c, ["JupyterHub"], "authenticator_class") or "link"
    name = chosen.__name__ if isinstance(chosen, type) else ALIASES.get(str(chosen), str(chosen).rpartition(".")[2])
    return [name, *(["OAuthenticator"] if name.endswith("OAuthenticator") else []), "Authenticator"]


def authenticator_of(c):
    """The authenticator that the settings choose."""
    classes = classes_in_use(c)
    name = classes[0]
    kind = type(name, (Authenticator,), {})
    if "OAuthenticator" in classes:
        import oauthenticator

        kind = getattr(oauthenticator, name, oauthenticator.OAuthenticator)
        if not issubclass(kind, Authenticator):
            # The real package is there: its class is what isinstance() is asked about.
            kind = type(name, (Authenticator, kind), {"__init__": Authenticator.__init__})
    return kind(c, classes)


class Handler:
    """The request of a sign-in as far as hooks may see it."""

    def __init__(self):
        self.log = log.logger

    def __getattr__(self, name):
        raise AttributeError(f"Atoll passes hooks no request: there is no handler.{name}")


async def post_auth(session, request):
    """`post_auth_hook`: the person as the hook leaves them, or None when it lets nobody in."""
    authenticator, hook = hook_of(session, "post_auth_hook")
    return plain(await settled(hook(authenticator, Handler(), request["person"])))


async def modify_auth_state(session, request):
    """`modify_auth_state_hook`: what is remembered of a person."""
    authenticator, hook = hook_of(session, "modify_auth_state_hook")
    return plain(await settled(hook(authenticator, request["state"])))


async def refresh_user(session, request):
    """`refresh_user_hook`: True (still good), False (sign in again), None (do as usual), or a changed person."""
    authenticator, hook = hook_of(session, "refresh_user_hook")
    return plain(await settled(hook(authenticator, session.user_of(request["user"]), request["state"])))


async def groups_of(session, request):
    """`auth_state_groups_key` as a function, or the older `claim_groups_key`: the groups that a person is in."""
    _, find = hook_of(session, "auth_state_groups_key")
    if callable(find):
        return plain(await settled(find(request["state"])))
    _, find = hook_of(session, "claim_groups_key")
    return plain(await settled(find(request["state"].get("oauth_user"))))


async def user_name_of(session, request):
    """`username_claim` as a function: the name of a person."""
    _, find = hook_of(session, "username_claim")
    name = await settled(find(request["info"]))
    if not isinstance(name, str):
        raise Refusal(f"username_claim returned {name!r} instead of a name")
    return name


def hook_of(session, name):
    """The authenticator in use, and its hook of that name."""
    authenticator = authenticator_of(session.hub)
    return authenticator, trait_of(session.hub, authenticator._classes, name)


async def settled(value):
    """The value of what may be awaitable."""
    return await value if hasattr(value, "__await__") else value
