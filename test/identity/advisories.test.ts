import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/**
 * The security advisories of JupyterHub and its neighbours, and what each was. Every one is a test that attacks: its title
 * names the advisory.
 */
const advisories: Readonly<Record<string, string>> = {
  'CVE-2019-10255': 'an open redirect by next',
  'GHSA-cw7p-q79f-m2v7': 'tokens that outlive their logout',
  'CVE-2024-28233': 'cookies that a user server slips in for the hub',
  'CVE-2024-41942': 'whoever manages users makes themselves administrator',
  'blocked_users of JupyterHub 5.2': 'who is blocked keeps the access they have',
  'CVE-2026-33709': 'an open redirect by next, again',
  'CVE-2026-40864': 'requests of other pages with Sec-Fetch-Mode: no-cors',
  'CVE-2026-54338': 'user names without an end in the log',
  'GHSA-c4gm-pwx9-9w8j': 'HTML in next that is shown as HTML',
  'GHSA-69wv-m5fw-2fhp': 'a filtered scope makes users and groups',
  'CVE-2018-7206': 'a GitLab group that everybody is in',
  'GHSA-384w-5v3f-q499': 'an old list of allowed people that is not read',
  'CVE-2022-31027': 'CILogon: the domain of a mail address in the place of the institution',
  'GHSA-55m3-44xf-hg4h': 'Google: the domain of a mail address in the place of the organization',
  'GHSA-gprj-3p75-f996': 'Globus: a way around the institution',
  'CVE-2026-33175': 'Auth0: a mail address that nobody has verified',
  'CVE-2021-41194': 'a password taken over by another spelling of the name',
  'CVE-2026-34052': 'LTI: memory filled by launches',
  'CVE-2020-15110': 'two people who share a volume, because their names lead to one',
  'CVE-2023-48311': 'an image that is not offered',
  'CVE-2024-28179': 'WebSockets without a sign-in',
  'CVE-2024-35225': 'an address that is shown as HTML by an error page',
  'CVE-2022-21697': 'requests to addresses that an attacker chooses',
  'CVE-2026-40110': 'an origin that is compared by a pattern without anchors',
  'CVE-2026-40934': 'cookies that outlive a change of the password',
};

const tests = readdirSync(join(import.meta.dirname, '..'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts') && !file.endsWith('advisories.test.ts'))
  .map((file) => readFileSync(join(import.meta.dirname, '..', file), 'utf8'));
// A title stands in quotes behind `test(`, `describe(` or the table of `test.each`.
const titles = tests.flatMap((text) => text.match(/^\s*(?:(?:test|describe)\(|\]\)\(|')\s*'?.*$/gm) ?? []).join('\n');

test.each(Object.entries(advisories))('%s: %s, is attacked by a test', (advisory) => {
  expect(titles).toContain(advisory);
});
