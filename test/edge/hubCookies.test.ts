import { describe, expect, test } from 'vitest';
import { hasWithheldCookie, setsHubCookie, withoutHubCookies } from '../../src/edge/forwarding/hubCookies.ts';

describe('the hub’s cookies', () => {
  test.each([
    ['a=1; jupyterhub-session-id=s; b=2', 'a=1; b=2'],
    ['jupyterhub-hub-login="2|1:0|10:1|x"', undefined],
    ['__Host-jupyterhub-hub-login=x;_xsrf=y;a=1', 'a=1'],
    ['JupyterHub-Session-Id=s; a=1', 'a=1'],
    ['atoll-view=v; a=1', 'a=1'],
    ['a="x; jupyterhub-session-id=s"', 'a="x'],
    ['  jupyterhub-user-ada = s ; a=1', 'a=1'],
    ['novalue; =jupyterhub-session-id; a=1', 'a=1'],
    ['a=jupyterhub-session-id=s', 'a=jupyterhub-session-id=s'],
    ['my_xsrf=1; xjupyterhub-a=2', 'my_xsrf=1; xjupyterhub-a=2'],
    ['', undefined],
  ])('are taken out of %j', (cookie, left) => {
    expect(withoutHubCookies(cookie, 'all')).toBe(left);
  });

  test.each([
    ['jupyterhub-session-id=s; Path=/', true],
    [' JUPYTERHUB-hub-login = x', true],
    ['__Secure-jupyterhub-x=1', true],
    ['_xsrf=1; Path=/hub/', true],
    ['=jupyterhub-hub-login=x; Path=/hub/', true],
    [' = jupyterhub-hub-login=x', true],
    ['bokeh=1; jupyterhub-session-id=s', false],
    ['a=1', false],
  ])('set by %j: %s', (setCookie, expected) => {
    expect(setsHubCookie(setCookie, 'all')).toBe(expected);
  });

  test('of servers and services the login alone is withheld, under every spelling of its name', () => {
    const cookie = 'jupyterhub-session-id=s; __Host-jupyterhub-hub-login=x; _xsrf=y; JupyterHub-Hub-Login=z';
    expect(hasWithheldCookie(cookie, 'login')).toBe(true);
    expect(withoutHubCookies(cookie, 'login')).toBe('jupyterhub-session-id=s; _xsrf=y');
    expect(setsHubCookie('__host-jupyterhub-hub-login=x; Path=/', 'login')).toBe(true);
    expect(setsHubCookie('jupyterhub-user-ada=x; Path=/user/ada/', 'login')).toBe(false);
    expect(hasWithheldCookie('jupyterhub-session-id=s', 'login')).toBe(false);
    expect(hasWithheldCookie(cookie, 'none')).toBe(false);
  });
});
