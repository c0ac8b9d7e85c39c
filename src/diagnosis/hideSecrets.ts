import { sha256Hex } from '../core/ids.ts';

const hidden = '<hidden>';

/** What must not show in lines that people get to see. */
export interface Secrets {
  /** Secrets that are known as such. Those shorter than 6 characters are ignored: they would hide ordinary words. */
  values: readonly string[];
  /** Secrets known by length and SHA-256 only. */
  fingerprints: readonly { length: number; sha256: string }[];
}

/**
 * Log lines with the given secrets replaced by `<hidden>`, and with them whatever follows `token=`, `password=`,
 * `Authorization: token` and the like.
 */
export function hideSecrets(lines: readonly string[], secrets: Secrets): string[] {
  const values = secrets.values.filter((value) => value.length >= 6);
  return lines.map((line) => {
    let shown = line;
    for (const value of values) shown = shown.replaceAll(value, hidden);
    for (const fingerprint of secrets.fingerprints) shown = hideByFingerprint(shown, fingerprint);
    return hideByContext(shown);
  });
}

/** The values among environment variables whose names say that they are secret. */
export function secretValuesOf(environment: Readonly<Record<string, string>>): string[] {
  return Object.entries(environment)
    .filter(([name]) => /TOKEN|SECRET|PASSW|CREDENTIAL|_KEY$|API_?KEY/i.test(name))
    .map(([, value]) => value);
}

function hideByFingerprint(line: string, { length, sha256 }: { length: number; sha256: string }): string {
  let shown = '';
  let rest = 0;
  for (let start = 0; start + length <= line.length; start += 1) {
    const candidate = line.slice(start, start + length);
    if (!/^[\w-]+$/.test(candidate) || sha256Hex(candidate) !== sha256) continue;
    shown += line.slice(rest, start) + hidden;
    rest = start + length;
    start = rest - 1;
  }
  return shown + line.slice(rest);
}

function hideByContext(line: string): string {
  return line
    .replace(/\b(authorization["']?\s*[:=]\s*["']?(?:token|bearer|basic|jupyterhub)\s+)[^\s"',}]+/gi, `$1${hidden}`)
    .replace(
      /((?:token|password|passwd|secret|api_?key)["']?\s*[=:]\s*["']?)(?!<hidden>)[^\s"'&,}]{6,}/gi,
      `$1${hidden}`,
    );
}
