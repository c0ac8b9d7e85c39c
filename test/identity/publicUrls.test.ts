import { assert, constantFrom, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HubCookies } from '../../src/identity/http/hubCookies.ts';
import { labelOf, PublicUrls } from '../../src/identity/publicUrls.ts';

const client = { address: '127.0.0.1', scheme: 'http', host: 'hub', userAgent: '' } as const;

describe('where things are', () => {
  test('at / on one host: paths', () => {
    const urls = new PublicUrls({ baseUrl: '/' });
    expect([urls.server('ada'), urls.server('ada', 'gpu'), urls.service('grades')]).toEqual([
      '/user/ada/',
      '/user/ada/gpu/',
      '/services/grades/',
    ]);
    expect([urls.fullServer('ada'), urls.userHost('ada'), urls.origin]).toEqual([null, undefined, '']);
  });

  test('with a public address: the same paths, and whole addresses where they are asked for', () => {
    const urls = new PublicUrls({ baseUrl: '/research/', publicUrl: 'https://hub.example/research/' });
    expect(urls.server('ada')).toBe('/research/user/ada/');
    expect(urls.fullServer('ada')).toBe('https://hub.example/research/user/ada/');
  });

  test('with hosts of their own', () => {
    const urls = new PublicUrls({ baseUrl: '/research/', subdomainHost: 'https://hub.example:8443' });
    expect(urls.server('ada', 'gpu')).toBe('https://ada.hub.example:8443/research/user/ada/gpu/');
    expect(urls.service('grades')).toBe('https://grades--service.hub.example:8443/research/services/grades/');
    const theirs = ['ada.hub.example', 'ada.hub.example:8443', 'ada.hub.example.', 'ada.hub.example.:8443'];
    expect(theirs.filter((host) => !urls.isSubdomain(host))).toEqual([]);
    const others = ['hub.example', 'hub.example:8443', 'hub.example.', 'evilhub.example', 'hub.example.evil'];
    expect(others.filter((host) => urls.isSubdomain(host))).toEqual([]);
  });

  test.each([
    ['/research/hub/home', '/hub/home'],
    ['/research', '/'],
    ['/research/', '/'],
    ['/researcher/hub', undefined],
    ['/', undefined],
  ])('%s is its own %s', (path, own) => {
    expect(new PublicUrls({ baseUrl: '/research/' }).own(path)).toBe(own);
  });
});

describe('the DNS label of a name', () => {
  test.each([
    ['ada', /^ada$/],
    ['ada-lovelace', /^ada-lovelace$/],
    ['grüße', /^xn--gre-6ka8l$/],
    ['grades--service', /^u-gradesse--[0-9a-f]{16}$/],
    ['u-ada--0123456', /^u-uada0123--[0-9a-f]{16}$/],
    ['xn--gre-6ka8l', /^u-xngre6ka--[0-9a-f]{16}$/],
    ['ada@example.org', /^u-adaexamp--[0-9a-f]{16}$/],
    ['ada.lovelace', /^u-adalovel--[0-9a-f]{16}$/],
    ['ﬁx', /^u-x--[0-9a-f]{16}$/],
    ['123', /^u-123--[0-9a-f]{16}$/],
    ['-', /^u-x--[0-9a-f]{16}$/],
    ['a'.repeat(64), /^u-a{8}--[0-9a-f]{16}$/],
  ])('of %s is %s', (name, label) => {
    expect(labelOf(name)).toMatch(label);
  });

  test('is one, and no two names have the same', () => {
    const names = string({
      unit: constantFrom('a', 'b', '-', '.', 'é', '1', '@', 'ß', 'σ', 'ς'),
      minLength: 1,
      maxLength: 8,
    });
    assert(
      property(names, names, (a, b) => {
        expect(labelOf(a)).toMatch(/^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$|^[a-z]$/);
        return a === b || labelOf(a) !== labelOf(b);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the cookies of the hub', () => {
  const plain = new PublicUrls({ baseUrl: '/' });
  const hosts = new PublicUrls({ baseUrl: '/', subdomainHost: 'https://hub.example' });

  test('say Secure over https', () => {
    const cookies = new HubCookies(plain, { loginDays: 14, hostPrefix: false });
    expect(cookies.write('login', 'v', client, 60)).toBe(
      'jupyterhub-hub-login=v; Path=/hub/; Max-Age=60; SameSite=Lax; HttpOnly',
    );
    expect(cookies.write('login', 'v', { ...client, scheme: 'https' }, 60)).toContain('; Secure');
  });

  test('last as long as the settings say', () => {
    expect(new HubCookies(plain, { loginDays: 0.5, hostPrefix: false }).loginSeconds).toBe(43_200);
  });

  test('with the prefix the login is for the host alone, whatever the scheme; it is read by that name alone', () => {
    const cookies = new HubCookies(hosts, { loginDays: 14, hostPrefix: true });
    expect(cookies.write('login', 'v', client)).toBe(
      '__Host-jupyterhub-hub-login=v; Path=/; SameSite=Lax; HttpOnly; Secure',
    );
    expect(cookies.read('jupyterhub-hub-login=tossed; __Host-jupyterhub-hub-login=v', 'login')).toEqual(['v']);
    expect(cookies.write('sessionId', 's', client)).toContain('Domain=hub.example');
    expect(cookies.removeAll(client).map((line) => line.split('=')[0])).toEqual([
      '__Host-jupyterhub-hub-login',
      'jupyterhub-session-id',
      '_xsrf',
      'atoll-view',
      'jupyterhub-services',
    ]);
  });

  test('servers use the prefix only where each has a host of its own: otherwise their cookies would reach each other', () => {
    expect(new HubCookies(plain, { loginDays: 14, hostPrefix: true }).prefixForPrograms).toBe(false);
    expect(new HubCookies(hosts, { loginDays: 14, hostPrefix: true }).prefixForPrograms).toBe(true);
  });
});
