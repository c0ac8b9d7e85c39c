"""Stands in for oauthenticator's classes: hooks look at what class the authenticator is, and at its traits."""

from atoll_bridge.sign_in import Authenticator


class OAuthenticator(Authenticator):
    """Sign-in with an OAuth provider."""


def _named(name):
    return type(name, (OAuthenticator,), {"__module__": __name__, "__doc__": f"The authenticator {name}."})


Auth0OAuthenticator = _named("Auth0OAuthenticator")
AzureAdOAuthenticator = _named("AzureAdOAuthenticator")
BitbucketOAuthenticator = _named("BitbucketOAuthenticator")
CILogonOAuthenticator = _named("CILogonOAuthenticator")
GenericOAuthenticator = _named("GenericOAuthenticator")
GitHubOAuthenticator = _named("GitHubOAuthenticator")
GitLabOAuthenticator = _named("GitLabOAuthenticator")
GlobusOAuthenticator = _named("GlobusOAuthenticator")
GoogleOAuthenticator = _named("GoogleOAuthenticator")
MWOAuthenticator = _named("MWOAuthenticator")
OktaOAuthenticator = _named("OktaOAuthenticator")
OpenShiftOAuthenticator = _named("OpenShiftOAuthenticator")
