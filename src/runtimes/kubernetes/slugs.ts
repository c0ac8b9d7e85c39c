import { createHash } from 'node:crypto';

// Names for Kubernetes' objects made from names that people chose, by the two schemes of KubeSpawner, so that the volume
// claims of a hub that ran on it are found again. `safe` is KubeSpawner 7's; `escape` is the older one, which is not safe
// from collisions, and only used where the settings or an existing volume claim ask for it.

/** The longest slug inside a name or label that has other parts too. */
const longestSlug = 48;
const hashLength = 8;

/** The slugs of a user and of one of the user's servers. */
export interface Slugs {
  username: string;
  servername: string;
  userServer: string;
}

/** KubeSpawner 7's slugs. */
export function safeSlugs(username: string, servername: string): Slugs {
  const user = safeSlug(username, longestSlug);
  const server = servername === '' ? '' : safeSlug(servername, longestSlug);
  const both = server === '' ? user : `${user}--${server}`;
  const tooLong = user.length + server.length + 2 > longestSlug;
  return { username: user, servername: server, userServer: tooLong ? joinedSlug([username, servername]) : both };
}

/** The slugs of KubeSpawner before 7. */
export function escapedSlugs(username: string, servername: string): Slugs {
  const user = escapeSlug(username);
  const server = escapeSlug(servername);
  return { username: user, servername: server, userServer: server === '' ? user : `${user}--${server}` };
}

/** A value for a label: the text itself where it is one, else its slug. */
export function labelValue(text: string): string {
  if (text === '') return '';
  if (!text.includes('--') && text.length <= 63 && /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i.test(text)) return text;
  return hashedSlug(text, 32);
}

/** The text itself where it is a valid name, else a readable part of it with a hash. */
function safeSlug(text: string, mostLength: number): string {
  const isName = text.length <= 63 && /^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(text);
  return isName && !text.includes('--') && text.length <= mostLength ? text : hashedSlug(text, mostLength);
}

/** Three dashes: no name has them, and a template that joins two names has two. */
function hashedSlug(text: string, mostLength: number): string {
  return `${readablePart(text, mostLength - hashLength - 3)}---${hashOf(text)}`;
}

/** One slug for several names, with one hash. U+00FF's byte occurs in no UTF-8 text, so it separates them for good. */
function joinedSlug(texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const [index, text] of texts.entries()) {
    if (index > 0) hash.update(Buffer.from([0xff]));
    hash.update(text, 'utf8');
  }
  const each = Math.floor((longestSlug - hashLength - 1) / texts.length) - 2;
  const parts = texts.map((text) => readablePart(text, each));
  return `${parts.join('--')}---${hash.digest('hex').slice(0, hashLength)}`;
}

function readablePart(text: string, mostLength: number): string {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '');
  const cut = plain.slice(0, mostLength).replace(/-+$/, '');
  if (cut === '') return 'x';
  return /^[a-z]/.test(cut) ? cut : `x-${cut.slice(0, mostLength - 2)}`;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex').slice(0, hashLength);
}

/** Every byte but `a-z0-9` becomes `-` and two hexadecimal digits (escapism, with `-` as its escape). */
function escapeSlug(text: string): string {
  return [...Buffer.from(text, 'utf8')]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[a-z0-9]/.test(character) ? character : `-${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}
