import type { RequestHead } from '../http/requestHead.ts';
import { hasWithheldCookie, type WithheldCookies, withoutHubCookies } from './hubCookies.ts';

/**
 * What happens to a field that the edge knows. `hop`: it concerns this connection only, and is removed (RFC 9110 section
 * 7.6.1). `forwarded`: only the edge or a trusted proxy may say it. `credential`: not passed to granted routes. `kept`:
 * passed on even when the client's Connection field lists it, which must not take away what a proxy in between added.
 */
type Rule = 'hop' | 'forwarded' | 'credential' | 'kept';

const rules = new Map<string, Rule>([
  ...rule('hop', 'connection keep-alive proxy-connection proxy-authorization te upgrade http2-settings'),
  ...rule('forwarded', 'x-forwarded-for x-forwarded-proto x-forwarded-host x-forwarded-port x-forwarded-peer'),
  ...rule('forwarded', 'forwarded x-real-ip x-scheme x-original-url x-rewrite-url'),
  ...rule('credential', 'authorization cookie'),
  ...rule('kept', 'host content-length transfer-encoding content-type content-encoding expect origin referer'),
  ...rule('kept', 'x-xsrftoken x-csrftoken sec-fetch-site sec-fetch-mode sec-fetch-dest range if-match if-none-match'),
]);

function rule(kind: Rule, names: string): [string, Rule][] {
  return names.split(' ').map((name) => [name, kind]);
}

/** How a request is passed on. */
export interface RequestForwarding {
  /** Path and query for the server. */
  pathAndQuery: string;
  /** The X-Forwarded lines. */
  forwarded: string;
  /** Which of the hub's cookies are taken out; with `all`, the Authorization field too. */
  withheld: WithheldCookies;
}

/** The head that a server gets. */
export function forwardedRequestHead(head: RequestHead, forwarding: RequestForwarding): string {
  const { fields } = head;
  const { withheld } = forwarding;
  const cookies = fields.get('cookie', '; ');
  const rewrites = cookies !== undefined && hasWithheldCookie(cookies, withheld);
  const listed = head.connectionNames;
  const kept = fields.lines((name) => {
    switch (rules.get(name)) {
      case 'hop':
      case 'forwarded':
        return false;
      case 'credential':
        return name === 'cookie' ? !rewrites : withheld !== 'all';
      case 'kept':
        return name === 'host' ? head.authority === undefined && head.host !== '' : true;
      default:
        return !(listed?.has(name) || name.startsWith('x-forwarded-') || isDisguised(name));
    }
  });
  let added = forwarding.forwarded;
  if (head.authority !== undefined || head.host === '') added += `Host: ${head.host || 'localhost'}\r\n`;
  if (rewrites && withheld !== 'none') added += cookieLine(withoutHubCookies(cookies, withheld));
  if (head.upgrade !== undefined) added += `Connection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n`;
  return `${head.method} ${forwarding.pathAndQuery} HTTP/1.1\r\n${kept}${added}\r\n`;
}

/** Some servers read `X_Forwarded_For` as `X-Forwarded-For`. */
function isDisguised(name: string): boolean {
  return name.includes('_') && rules.has(name.replaceAll('_', '-'));
}

function cookieLine(left: string | undefined): string {
  return left === undefined ? '' : `Cookie: ${left}\r\n`;
}
