import { html } from 'hono/html';
import { AtollError } from '../core/errors.ts';
import type { AuthorizeOutcome, AuthorizeParameters, ConsentAnswer } from '../identity/oauth/provider.ts';
import { xsrfField } from './frame/formParts.ts';
import { originOf } from './frame/originOf.ts';
import type { PageContext, PageFrame } from './frame/pageFrame.ts';
import type { PagesOptions } from './pagesOptions.ts';

const parameterNames = [
  'client_id',
  'redirect_uri',
  'response_type',
  'state',
  'scope',
  'code_challenge',
  'code_challenge_method',
] as const;

/** The authorize endpoint of the OAuth provider: a redirect back to the program, or the question whether that is all right. */
export function addAuthorizePages(frame: PageFrame, { identity }: PagesOptions): void {
  const path = '/hub/api/oauth2/authorize';

  frame.page({ method: 'get', path, access: 'signedIn' }, async (context) =>
    answer(context, await identity.oauth.authorize(readParameters(context.url), context)),
  );

  frame.page({ method: 'post', path, access: 'signedIn' }, async (context) => {
    // JupyterHub's form has no way to refuse: clients that were written for it send the scopes alone.
    const given = context.form.get('answer') ?? 'allow';
    const said: ConsentAnswer = given === 'allow' ? { scopes: context.form.getAll('scopes') } : 'denied';
    return answer(context, await identity.oauth.authorize(readParameters(context.url), context, said));
  });

  function answer(context: PageContext<'signedIn'>, outcome: AuthorizeOutcome): Response | Promise<Response> {
    if (outcome.kind === 'redirect') return context.redirect(outcome.location);
    const { client, scopes } = outcome;
    return context.page(
      'Allow access?',
      html`<section class="card narrow">
<h1>Allow access?</h1>
<p><strong>${client.description}</strong> wants to know who you are. It will learn your user name (<strong>${context.principal.name}</strong>) and your groups${
        scopes.length > 0 ? html`, and will be able to:` : '.'
      }</p>
${
  scopes.length > 0
    ? html`<ul>${scopes.map(({ scope, description }) => html`<li>${description} <span class="small">${scope}</span></li>`)}</ul>`
    : ''
}
<form method="post" action="${context.url.pathname}${context.url.search}">
${xsrfField(context.xsrfToken)}
${scopes.map(({ scope }) => html`<input type="hidden" name="scopes" value="${scope}">`)}
<div class="buttons">
<button name="answer" value="allow">Allow</button>
<button class="quiet" name="answer" value="deny">Refuse</button>
</div>
</form>
</section>`,
      { formTargets: originOf(client.redirectUri) },
    );
  }
}

/** @throws AtollError when a parameter is repeated (RFC 6749 §3.1): it cannot be known which one is meant. */
function readParameters(url: URL): AuthorizeParameters {
  const parameters: AuthorizeParameters = {};
  for (const name of parameterNames) {
    const values = url.searchParams.getAll(name);
    if (values.length > 1)
      throw new AtollError('ATOLL_OAUTH_REQUEST_INVALID', `The sign-in request has ${name} more than once.`);
    parameters[name] = values[0];
  }
  return parameters;
}
