import { expect, test } from 'vitest';
import { networkOf } from '../../src/identity/http/networkOf.ts';

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['unknown', 'unknown'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:01:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:1:2::', '2001:db8:1:2::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
])('%s belongs to %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
