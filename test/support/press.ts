import type { BrowserSession } from './browserSession.ts';

/** Sends the form of the page whose button leads to `action`, with the fields that the page gave it and some more. */
export async function press(
  browser: BrowserSession,
  page: string,
  action: string,
  more: Record<string, string> = {},
): Promise<Response> {
  const form = new RegExp(`<form[^>]*action="${action.replaceAll('?', '\\?')}"[\\s\\S]*?</form>`).exec(page)?.[0];
  if (form === undefined) throw new Error(`no button for ${action} in: ${page}`);
  const xsrf = /name="_xsrf" value="([^"]+)"/.exec(form)?.[1] ?? '';
  return browser.request(action, { form: { _xsrf: xsrf, ...more } });
}
