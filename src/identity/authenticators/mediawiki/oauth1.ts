import { createHmac, randomBytes } from 'node:crypto';

/** A key with its secret: of the hub (consumer) or of one sign-in (token). */
export interface Credentials {
  key: string;
  secret: string;
}

/** What is signed. */
export interface SignedRequest {
  method: 'GET' | 'POST';
  /** With its query. */
  url: URL;
  consumer: Credentials;
  token?: Credentials;
  /** `oauth_callback` or `oauth_verifier`. */
  more?: Readonly<Record<string, string>>;
  /** Seconds since the epoch. */
  timestamp: number;
  /** Default: a random one. */
  nonce?: string;
}

/** The `Authorization` header of a request signed by OAuth 1.0a with HMAC-SHA1 (RFC 5849, 3.4 and 3.5.1). */
export function authorizationHeader(request: SignedRequest): string {
  const { method, url, consumer, token, more = {}, timestamp, nonce = randomBytes(16).toString('hex') } = request;
  const protocol: Record<string, string> = {
    oauth_consumer_key: consumer.key,
    oauth_nonce: nonce,
    oauth_signature_method: 'HMAC-SHA1',
    oauth_timestamp: String(timestamp),
    oauth_version: '1.0',
    ...(token && { oauth_token: token.key }),
    ...more,
  };
  const parameters = [...url.searchParams, ...Object.entries(protocol)]
    .map(([name, value]) => [percentEncode(name), percentEncode(value)] as const)
    .sort(([nameA, valueA], [nameB, valueB]) => compare(nameA, nameB) || compare(valueA, valueB))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  const base = [method, `${url.origin}${url.pathname}`, parameters].map(percentEncode).join('&');
  const key = `${percentEncode(consumer.secret)}&${percentEncode(token?.secret ?? '')}`;
  const signature = createHmac('sha1', key).update(base).digest('base64');
  const fields = Object.entries({ ...protocol, oauth_signature: signature });
  return `OAuth ${fields.map(([name, value]) => `${percentEncode(name)}="${percentEncode(value)}"`).join(', ')}`;
}

/** RFC 5849, 3.6. */
function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
