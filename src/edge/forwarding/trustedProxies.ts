import { BlockList, isIP, isIPv6 } from 'node:net';

/** The proxies in front whose X-Forwarded fields count. The hub may name others at any time. */
export class TrustedProxies {
  #networks: BlockList | undefined;

  /** @param networks addresses and networks (`10.0.0.0/8`) */
  constructor(networks: readonly string[] = []) {
    this.replace(networks);
  }

  /** @param networks addresses and networks (`10.0.0.0/8`) */
  replace(networks: readonly string[]): void {
    this.#networks = networks.length === 0 ? undefined : blockListOf(networks);
  }

  /** Whether an address is that of such a proxy; what is no address is not. */
  has(address: string): boolean {
    if (!this.#networks || isIP(address) === 0) return false;
    return this.#networks.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  }
}

function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    list.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family);
  }
  return list;
}
