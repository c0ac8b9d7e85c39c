import { html, raw } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import type { PagesSettings } from '../../config/settings.ts';
import type { Principal } from '../../identity/principal.ts';
import { staticUrl } from './staticFiles.ts';

/** A piece of a page; made by the `html` tag of `hono/html`, which escapes whatever is put in. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** What surrounds the content of a page. */
export interface Layout {
  /** In front of the program's name in the browser's tab. */
  title: string;
  /** Who is signed in: shows the navigation. */
  principal?: Principal | undefined;
  /** The path of the present page, to mark it in the navigation. */
  path: string;
  /** Seconds after which the page is shown anew: by `static/refresh.js`, or, in a browser that runs no scripts, by itself. */
  refreshSeconds?: number | undefined;
  /** What that script sends to be handed the page. */
  xsrfToken: string;
  /** Files of `/hub/static/` to run: pages must work without them. */
  scripts?: readonly string[] | undefined;
  /** Whether people keep accounts here (native authenticator): adds entries to the navigation. */
  hasAccounts: boolean;
  /** The services that the person may open. */
  services: readonly ServiceLink[];
  /** How the operator wants the pages to look. */
  look: PagesSettings;
  /** What administrators are told on every page. */
  notice?: Html | undefined;
}

/** An entry of the menu of services. */
export interface ServiceLink {
  name: string;
  /** `/services/NAME/` */
  path: string;
}

/** A whole page. */
export function layout(
  { title, principal, path, refreshSeconds, xsrfToken, scripts = [], hasAccounts, services, look, notice }: Layout,
  content: Html,
): Html {
  const announcement = announcementOf(look, path);
  const logo = look.logoFile === undefined ? staticUrl('atoll.svg') : '/hub/logo';
  const link = (target: string, text: string): Html =>
    html`<li><a href="${target}"${target === path ? html` aria-current="page"` : ''}>${text}</a></li>`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${refreshSeconds === undefined ? '' : html`<noscript><meta http-equiv="refresh" content="${refreshSeconds}"></noscript>`}
<title>${title} · ${look.title}</title>
<link rel="icon" href="${logo}">
<link rel="stylesheet" href="${staticUrl('atoll.css')}">
${scripts.map((name) => html`<script src="${staticUrl(name)}" defer></script>`)}
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header>
<a class="brand" href="/hub/"><img src="${logo}" alt="" height="28"> ${look.title}</a>
${
  principal
    ? html`<nav aria-label="Main"><ul>
${link('/hub/home', 'Home')}
${link('/hub/clusters', 'Clusters')}
${link('/hub/token', 'Tokens')}
${hasAccounts && principal.scopes.hasUnfiltered('admin:users') ? link('/hub/authorize', 'Accounts') : ''}
${hasAccounts ? link('/hub/change-password', 'Password') : ''}
${principal.scopes.has('admin-ui') ? link('/hub/admin', 'Admin') : ''}
${services.length === 0 ? '' : html`<li>${servicesMenu(services)}</li>`}
</ul></nav>
<p class="who"><span>${principal.name}</span> <a class="button quiet" href="/hub/logout">Log out</a></p>`
    : ''
}
</header>
${notice === undefined ? '' : html`<aside class="announcement" aria-label="For administrators">${notice}</aside>`}
${announcement === undefined ? '' : html`<aside class="announcement" aria-label="Announcement">${raw(announcement)}</aside>`}
<main id="main"${refreshSeconds === undefined ? '' : html` data-refresh="${refreshSeconds}" data-xsrf="${xsrfToken}"`}>
${content}
</main>
${look.footer === undefined ? '' : html`<footer>${raw(look.footer)}</footer>`}
</body>
</html>`;
}

/** Opens without a script. */
function servicesMenu(services: readonly ServiceLink[]): Html {
  return html`<details class="menu"><summary>Services</summary>
<ul>${services.map(({ name, path }) => html`<li><a href="${path}">${name}</a></li>`)}</ul>
</details>`;
}

/** The operator's words for a page: its own, else those for all. */
function announcementOf({ announcement, announcements }: PagesSettings, path: string): string | undefined {
  const [, , page = ''] = path.split('/');
  const own = page === 'spawn-pending' ? 'spawn' : page;
  return announcements[own as keyof typeof announcements] ?? announcement;
}
