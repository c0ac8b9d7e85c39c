import { existsSync } from 'node:fs';
import { openshiftTraits } from '../../../config/keys/authenticators/otherOauthTraits.ts';
import { withDefaults } from '../../../config/keys/authenticators/trait.ts';
import type { AuthenticationSettings } from '../../../config/settings.ts';
import type { Authenticator } from '../contract.ts';
import { asMap, badAnswer, requiredText } from '../oauth/claims.ts';
import { connectionTo, createOAuthAuthenticator } from '../oauth/oauthAuthenticator.ts';
import type { Endpoints } from '../oauth/provider.ts';

const service = 'OpenShift';

/** Where a pod has the certificates of its cluster. */
const clusterCertificates = '/run/secrets/kubernetes.io/serviceaccount/ca.crt';

/** An OpenShift cluster's accounts and groups. */
export function createOpenShiftAuthenticator(settings: AuthenticationSettings): Authenticator {
  const written = withDefaults(openshiftTraits, settings.classes.openshift);
  const certificates =
    written.http_request_kwargs.ca_certs ??
    written.ca_certs ??
    (existsSync(clusterCertificates) ? clusterCertificates : undefined);
  const traits = {
    ...written,
    http_request_kwargs: { ...written.http_request_kwargs, ...(certificates && { ca_certs: certificates }) },
  };
  const cluster = traits.openshift_url.replace(/\/+$/, '');
  const api = (traits.openshift_rest_api_url ?? cluster).replace(/\/+$/, '');
  const http = connectionTo(service, traits);

  /** The address of the OAuth server: the cluster says so itself (RFC 8414). */
  async function findIssuer(): Promise<string> {
    const { body } = await http.getOpen(`${cluster}/.well-known/oauth-authorization-server`);
    const issuer = asMap(body)?.issuer;
    if (typeof issuer !== 'string') throw badAnswer(service, 'the cluster does not say where people sign in');
    return issuer.replace(/\/+$/, '');
  }

  let server: string | undefined = traits.openshift_auth_api_url?.replace(/\/+$/, '');
  async function endpoints(): Promise<Endpoints> {
    if (!traits.authorize_url || !traits.token_url) server ??= await findIssuer();
    return {
      authorizeUrl: traits.authorize_url ?? `${server}/oauth/authorize`,
      tokenUrl: traits.token_url ?? `${server}/oauth/token`,
      userdataUrl: traits.userdata_url ?? `${api}/apis/user.openshift.io/v1/users/~`,
    };
  }

  const metadataOf = (user: Record<string, unknown>): Record<string, unknown> => asMap(user.metadata) ?? {};
  return createOAuthAuthenticator(
    {
      name: 'openshift',
      service,
      vouchedBy: cluster,
      userKey: 'openshift_user',
      endpoints,
      nameOf: (user) => requiredText(metadataOf(user), 'name', service),
      subjectOf: (user) => metadataOf(user).uid,
    },
    traits,
    settings,
    http,
  );
}
