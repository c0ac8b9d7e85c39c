import { describe, expect, test } from 'vitest';
import { problemsText, toReport } from '../../src/cli/settings/problemsText.ts';
import { diffSettings } from '../../src/config/diffSettings.ts';
import { explainSettings } from '../../src/config/explainSettings.ts';
import { loadSettings } from '../../src/config/loadSettings.ts';
import { load } from './settingsFrom.ts';

const secret = 'Sup3r-s3cret-value';

async function shownFor(text: string): Promise<string> {
  const { problems } = await load(text);
  expect(problems.length).toBeGreaterThan(0);
  return problemsText(problems) + JSON.stringify(toReport(problems)) + JSON.stringify(problems);
}

test('passwords that are names in a map are shown neither by explain nor by diff', async () => {
  const withPassword = (password: string) =>
    loadSettings([
      {
        name: 'values.yaml',
        text: `hub:
  config:
    JupyterHub: {authenticator_class: shared-password}
    Authenticator: {allow_all: true, manage_groups: true}
    SharedPasswordAuthenticator: {password_groups: {${password}: [physics]}}`,
      },
    ]);
  const [before, after] = [await withPassword(secret), await withPassword(`${secret}-2`)];
  expect(before.problems).toEqual([]);
  expect(JSON.stringify(explainSettings(before, []))).not.toContain(secret);
  const changes = diffSettings(before, after);
  expect(changes).toHaveLength(1);
  expect(JSON.stringify(changes)).not.toContain(secret);
});

describe('secrets are never shown', () => {
  test.each([
    // A wrong value of a secret key
    `hub: {config: {DummyAuthenticator: {password: [${secret}]}}}`,
    `hub: {config: {SharedPasswordAuthenticator: {admin_password: ${secret}}}}`,
    // A secret that is a key
    `hub: {config: {JupyterHub: {authenticator_class: shared-password}, SharedPasswordAuthenticator: {password_groups: {${secret}: 5}}}}`,
    `hub: {config: {JupyterHub: {authenticator_class: shared-password}, SharedPasswordAuthenticator: {password_groups: {${secret}: [a]}}}}`,
    `hub: {services: {s: {apiToken: {x: ${secret}}}}}`,
    `hub: {services: {s: {api_token: ${secret}, uurl: x}}}`,
    `hub: {services: {s: {api_tokenn: ${secret}}}}`,
    `hub: {cookieSecret: {a: ${secret}}}`,
    `proxy: {secretToken: {a: ${secret}}}`,
    `singleuser: {extraEnv: {AWS_SECRET_ACCESS_KEY: [${secret}]}}`,
    `singleuser: {extraEnv: {ANYTHING: [${secret}]}}`,
    `imagePullSecret: {password: {a: ${secret}}}`,
    // Beside an error on the same line or the one before
    `hub:\n  cookieSecret: ${secret}\n  unknown: 1`,
    `hub:\n  db: {password: ${secret}, urll: x}`,
    `hub:\n  db:\n    url: postgres://me:${secret}@host/db\n    urll: x`,
    `hub: {config: {X: {client_secret: ${secret}}}, unknown: 1}`,
    // In broken YAML
    `hub:\n  services:\n    s:\n      apiToken:${secret}\n`,
    `hub: {services: {s: {apiToken:${secret}}}}`,
    `hub: {config: {JupyterHub: {authenticator_class: 'password:${secret}'}}}`,
    `apiToken=${secret}: 1`,
    `password: *${secret}`,
    `password: &${secret}`,
    `password: !${secret} x`,
    `password: &${secret} [*${secret}]`,
    `hub: {config: {X: {client_secret: ${secret}`,
    `hub:\n  config:\n    X:\n      client_secret: "${secret}\n`,
    `hub:\n  config:\n    X:\n      client_secret: |\n        one ${secret}\n       two\n`,
    `hub:\n  config:\n    CryptKeeper:\n      keys:\n      - ${secret}\n     - x\n`,
    `hub:\n  config:\n    CryptKeeper:\n      keys: [${secret}\n`,
    `hub:\n  extraConfig:\n    a: |\n      c.X.client_secret = '${secret}'\n    unknown: [1]\n`,
    `password: ${secret}`,
    `password: ${secret}\npassword: ${secret}2`,
    `  apiToken: ${secret}\n bad: 1`,
  ])('%j', async (text) => expect(await shownFor(text)).not.toContain(secret));

  test('wherever the file breaks', async () => {
    const text = `hub:\n  services:\n    gateway:\n      apiToken: ${secret}\n  config:\n    GitHub:\n      client_secret: >-\n        ${secret}\n    keys: [${secret}]\n`;
    const leaks: string[] = [];
    for (let at = 0; at <= text.length; at += 1) {
      // Not in the middle of a word: a cut name is no secret's name any more, and a cut secret not the secret.
      if (/^[\w-]{2}$/.test(text.slice(at - 1, at + 1))) continue;
      for (const mistake of [
        '{',
        '\t',
        '"',
        ']',
        '\n- ',
        ': ',
        '*',
        '&',
        '!',
        '\n---\n',
        '\n',
        '\n        ',
        '#',
        "'",
      ]) {
        const { problems } = await load(text.slice(0, at) + mistake + text.slice(at));
        if (JSON.stringify(problems).includes(secret)) leaks.push(`${JSON.stringify(mistake)} at ${at}`);
      }
    }
    expect(leaks).toEqual([]);
  });

  test('what is not secret is shown', async () => {
    const shown = await shownFor('hub:\n  allowNamedServers: perhaps\n  baseUrll: /x\n');
    expect(shown).toContain('"perhaps"');
    expect(shown).toContain('2 |   allowNamedServers: perhaps');
    expect(shown).toContain('3 |   baseUrll: /x');
  });
});
