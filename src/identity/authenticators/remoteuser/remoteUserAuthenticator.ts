import { BlockList, isIP, isIPv6 } from 'node:net';
import { remoteUserTraits } from '../../../config/keys/authenticators/formTraits.ts';
import { withDefaults } from '../../../config/keys/authenticators/trait.ts';
import type { AuthenticationSettings } from '../../../config/settings.ts';
import { AtollError } from '../../../core/errors.ts';
import { equalInConstantTime } from '../../../core/ids.ts';
import { peerOf } from '../../http/client.ts';
import { type Authenticator, plainAuthenticator } from '../contract.ts';

/** The header in which a proxy proves that it is the one. */
const secretHeader = 'x-atoll-proxy-secret';

/**
 * A proxy in front says in a header who somebody is. Anybody could send that header, so only requests are believed that come
 * from the proxies' own addresses; and where other programs may run at such an address (on this machine, or anywhere in a
 * network: people's notebooks), only with the proxies' secret.
 * @throws AtollError `ATOLL_AUTHENTICATOR_INVALID`
 */
export function createRemoteUserAuthenticator({ classes }: AuthenticationSettings): Authenticator {
  const { header_name, trusted_proxies, proxy_secret } = withDefaults(remoteUserTraits, classes.remoteuser);
  const trusted = networksOf(trusted_proxies);
  if (trusted_proxies.length === 0)
    throw unfit('RemoteUserAuthenticator needs trusted_proxies: the addresses of the proxies.');
  if (proxy_secret === undefined) {
    if (trusted.check('127.0.0.1') || trusted.check('::1', 'ipv6'))
      throw unfit(
        'RemoteUserAuthenticator needs proxy_secret, because trusted_proxies has an address of this machine, and every program on it could pose as the proxy.',
      );
    const network = trusted_proxies.find((entry) => entry.includes('/'));
    if (network !== undefined)
      throw unfit(
        `RemoteUserAuthenticator needs proxy_secret, because trusted_proxies has a network (${network}): whoever is in it, people's servers perhaps, could pose as the proxy.`,
      );
  }

  function isProxy(request: Request): boolean {
    const address = peerOf(request);
    if (isIP(address) === 0 || !trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')) return false;
    return proxy_secret === undefined || equalInConstantTime(request.headers.get(secretHeader) ?? '', proxy_secret);
  }

  return {
    ...plainAuthenticator,
    name: 'remoteuser',
    provider: 'remoteuser',
    service: 'your institution',
    autoLogin: true,
    instant: {
      makesUsers: false,
      identify(request) {
        const name = request.headers.get(header_name)?.trim() ?? '';
        // Two headers of that name arrive as one with a comma: one of them is not the proxy's.
        const believed = name !== '' && !name.includes(',') && isProxy(request);
        return Promise.resolve(believed ? { name } : undefined);
      },
    },
  };
}

function networksOf(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits, ...more] = entry.split('/');
    const family = isIP(address);
    const most = family === 6 ? 128 : 32;
    const length = bits === undefined ? most : Number(bits);
    if (family === 0 || more.length > 0 || !Number.isInteger(length) || length < 1 || length > most)
      throw unfit(`An entry of trusted_proxies is neither an address nor a network: ${entry.slice(0, 60)}.`);
    list.addSubnet(address, length, family === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

function unfit(message: string): AtollError {
  return new AtollError('ATOLL_AUTHENTICATOR_INVALID', message);
}
