import { html, raw } from 'hono/html';
import type { Html } from './layout.ts';

/** Elements that descriptions may have, without attributes. */
const plainTags = 'b|strong|i|em|u|s|small|sub|sup|code|kbd|br|p|ul|ol|li';

/**
 * Text in which the operator may have written some HTML: simple elements and links to web addresses count, everything
 * else (other elements, attributes, scripts) is shown as it was written. Descriptions may come from Python that puts
 * people's own words into them.
 */
export async function limitedHtml(text: string): Promise<Html> {
  const escaped = (await html`${text}`).toString();
  const plain = new RegExp(`&lt;(/?(?:${plainTags}))(?:\\s[^<>&]*)?\\s*/?&gt;`, 'gi');
  const withTags = escaped.replace(plain, '<$1>');
  const link =
    /&lt;a\s[^<>]*?href=(?:&quot;|&#39;)(https?:\/\/[^\s<>"']+?)(?:&quot;|&#39;)[^<>]*?&gt;([^]*?)&lt;\/a&gt;/gi;
  return raw(
    withTags.replace(link, (_, address: string, label: string) => `<a href="${address}" rel="noopener">${label}</a>`),
  );
}
