import { hubHeaders } from '../identity/http/hubHeaders.ts';
import { readBytes } from '../identity/http/readBytes.ts';
import { noteRoute } from '../observability/requestRoutes.ts';
import { logoReply } from './frame/logo.ts';
import type { PageFrame } from './frame/pageFrame.ts';
import { staticFile } from './frame/staticFiles.ts';
import type { PagesOptions } from './pagesOptions.ts';

const maximumReportBytes = 8192;

/** What has no layout: static files, the health check, reports of the content security policy. */
export function addPlainRoutes(frame: PageFrame, { identity, log }: PagesOptions): void {
  const { app } = frame;
  app.use('/hub/static/*', (c, next) => (noteRoute(c.req.raw, '/hub/static/{name}'), next()));
  app.get('/hub/static/:name', (c) => staticFile(c.req.param('name')) ?? frame.notFound(c.req.raw));
  app.get(
    '/hub/logo',
    async (c) => (await logoReply(identity.settings.pages.logoFile, log)) ?? frame.notFound(c.req.raw),
  );
  app.get('/hub/health', () => new Response('', { headers: { ...hubHeaders, 'Content-Type': 'text/html' } }));
  app.post('/hub/security/csp-report', async (c) => {
    noteRoute(c.req.raw, '/hub/security/csp-report');
    const report = await readBytes(c.req.raw, maximumReportBytes);
    log.debug({ report: report.toString('utf8') }, 'CSP violation');
    return new Response(null, { status: 204, headers: hubHeaders });
  });
}
