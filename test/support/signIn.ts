import { BrowserSession } from './browserSession.ts';

/** A browser in which somebody has signed in to a hub with the dummy authenticator. */
export async function signIn({ url }: { url: string }, username: string, password = ''): Promise<BrowserSession> {
  const browser = new BrowserSession(url);
  await browser.visit('/hub/login');
  const form = { username, password, _xsrf: browser.cookie('_xsrf') ?? '' };
  const answer = await browser.request('/hub/login?next=%2Fhub%2Fhome', { form });
  if (answer.headers.get('location') !== '/hub/home') throw new Error(`the sign-in was answered with ${answer.status}`);
  return browser;
}
