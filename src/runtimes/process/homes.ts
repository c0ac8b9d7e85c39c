import { createHash } from 'node:crypto';
import { AtollError } from '../../core/errors.ts';

const longestPlainName = 150;

/**
 * The name of an owner's folder. Lower-case letters, digits, `_`, `-` and inner dots stay; every other byte becomes `=XX`,
 * so that two owners never share a folder; what would be longer than 150 characters ends in a hash.
 * @throws AtollError ATOLL_OWNER_NAME for names that cannot be anybody's: empty, dots only, with a slash or a control
 * character.
 */
export function folderNameOf(owner: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/^\.*$/.test(owner) || /[/\u0000-\u001f\u007f]/.test(owner) || !owner.isWellFormed())
    throw new AtollError('ATOLL_OWNER_NAME', 'Nothing can run for a user of this name.', {
      evidence: JSON.stringify(owner.slice(0, 100)),
    });
  const escaped = [...Buffer.from(owner)]
    .map((byte, index) => {
      const character = String.fromCharCode(byte);
      const plain = /[a-z0-9_-]/.test(character) || (character === '.' && index > 0);
      return plain ? character : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
  if (escaped.length <= longestPlainName) return escaped;
  return `${escaped.slice(0, longestPlainName)}=${createHash('sha256').update(owner).digest('hex').slice(0, 32)}`;
}
