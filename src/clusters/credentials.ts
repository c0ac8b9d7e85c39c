import { createHash, generateKeyPair, type KeyObject, randomBytes, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { randomHex } from '../core/ids.ts';
import { der } from './der.ts';

/** What the parts of one cluster, and nobody else, know each other by. */
export interface ClusterCredentials {
  /** The scheduler's API token: hexadecimal, since a `/` would make the preload take it for a file's path. */
  token: string;
  /** PEM: at once the authority, the server's and the client's certificate of the cluster. */
  tlsCert: string;
  /** PEM, PKCS#8. */
  tlsKey: string;
}

const hour = 3_600_000;
/** Clocks of other machines may be behind. */
const backdatedMs = hour;
/** Longer than any cluster lives: certificates are not renewed while it runs. */
const validMs = 10 * 365 * 24 * hour;

/**
 * Makes the credentials of a new cluster: a random token, and a P-256 key with a self-signed certificate that OpenSSL's
 * strict checks (Python 3.13's default) accept. All of dask's connections demand and check it on both ends.
 *
 * The certificate is written here rather than by a library: the one that fits takes 90 ms and 23 MB at its first use in
 * the hub, which somebody's first cluster of the day would wait for.
 */
export async function makeCredentials(clusterName: string, now: number): Promise<ClusterCredentials> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'prime256v1' });
  const certificate = selfSigned(clusterName, publicKey, privateKey, now);
  const body = certificate.toString('base64').replace(/.{1,64}/g, '$&\n');
  return {
    token: randomHex(16),
    tlsCert: `-----BEGIN CERTIFICATE-----\n${body}-----END CERTIFICATE-----\n`,
    tlsKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

const oids = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
};

/** A certificate (RFC 5280) for the names that dask-gateway's have: the cluster's, and `dask-internal`. */
function selfSigned(clusterName: string, publicKey: KeyObject, privateKey: KeyObject, now: number): Buffer {
  const subjectPublicKeyInfo = publicKey.export({ type: 'spki', format: 'der' });
  const keyIdentifier = createHash('sha256').update(subjectPublicKeyInfo).digest().subarray(0, 20);
  const name = der.sequence(der.set(der.sequence(der.oid(oids.commonName), der.text('dask-internal'))));
  const algorithm = der.sequence(der.oid(oids.ecdsaWithSha256));
  const altNames = [clusterName, `daskgateway-${clusterName}`, 'dask-internal'];
  const version3 = der.context(0, der.integer(Buffer.from([2])));
  const toBeSigned = der.sequence(
    version3,
    der.integer(randomBytes(16)),
    algorithm,
    name,
    der.sequence(der.time(now - backdatedMs), der.time(now + validMs)),
    name,
    subjectPublicKeyInfo,
    der.context(
      3,
      der.sequence(
        extension(oids.basicConstraints, true, der.sequence(der.true())),
        // digitalSignature (bit 0) for TLS, keyCertSign (bit 5) since it certifies itself.
        extension(oids.keyUsage, true, der.bits(Buffer.from([0b1000_0100]), 2)),
        extension(oids.subjectKeyIdentifier, false, der.octets(keyIdentifier)),
        extension(oids.authorityKeyIdentifier, false, der.sequence(der.tagged(0x80, keyIdentifier))),
        extension(
          oids.subjectAltName,
          false,
          der.sequence(...altNames.map((altName) => der.tagged(0x82, Buffer.from(altName, 'ascii')))),
        ),
      ),
    ),
  );
  return der.sequence(toBeSigned, algorithm, der.bits(sign('sha256', toBeSigned, privateKey)));
}

function extension(oid: string, critical: boolean, value: Buffer): Buffer {
  return der.sequence(der.oid(oid), ...(critical ? [der.true()] : []), der.octets(value));
}
