import { html } from 'hono/html';
import { systemClock } from '../core/clock.ts';
import { AtollError } from '../core/errors.ts';
import { checkMayTouchAdmin } from '../identity/adminFlag.ts';
import type { Accounts } from '../identity/authenticators/contract.ts';
import { checkMayTakeName } from '../identity/checkMayTakeName.ts';
import { networkOf } from '../identity/http/networkOf.ts';
import { Throttle } from '../identity/throttle.ts';
import { alert, field, xsrfField } from './frame/formParts.ts';
import type { PageContext, PageFrame } from './frame/pageFrame.ts';
import { offsetIn, pager } from './frame/pager.ts';
import type { PagesOptions } from './pagesOptions.ts';

/** Accounts that people make themselves: sign-up, change of password, and approval by an administrator. */
export function addAccountPages(frame: PageFrame, { identity }: PagesOptions): void {
  const { accounts } = identity;
  if (!accounts) return;
  if (accounts.openToStrangers) addSignUp(frame, identity, accounts);
  addChangePassword(frame, identity, accounts);
  addApproval(frame, identity, accounts);
}

type Identity = PagesOptions['identity'];

/** Accounts on one page of their list. */
const pageLength = 50;

/** So that nobody fills the list of accounts that wait for approval: ten sign-ups are free, then they become rare. */
const signUpLimits = { free: 10, firstWaitSeconds: 60, lastWaitSeconds: 3600, capacity: 10_000 };

function addSignUp(frame: PageFrame, identity: Identity, accounts: Accounts): void {
  const signUps = new Throttle(signUpLimits, systemClock);

  frame.page({ method: 'get', path: '/hub/signup', access: 'open' }, (context) => show(context));

  frame.page({ method: 'post', path: '/hub/signup', access: 'open' }, async (context) => {
    const { form } = context;
    try {
      const name = identity.toUserName(accounts.prefix + (form.get('username') ?? '').trim());
      if (name === undefined)
        throw new AtollError('ATOLL_USER_NAME_INVALID', 'This cannot be a user name.', { status: 400 });
      const password = form.get('password') ?? '';
      if (password !== (form.get('repeated') ?? ''))
        throw new AtollError('ATOLL_PASSWORD_UNFIT', 'The two passwords are not the same.', { nextStep: '' });
      const network = networkOf(context.client.address);
      const wait = signUps.waitSeconds(network);
      if (wait > 0)
        throw new AtollError('ATOLL_SIGN_IN_THROTTLED', 'Too many accounts were made from this address.', {
          nextStep: `Try again in ${wait} seconds.`,
          retryAfterSeconds: wait,
        });
      // Counted as an attempt: hashing takes a good deal of work, and the answer tells which names are taken.
      const { approved } = await identity.signIn.throttled(name, context.client, () => accounts.signUp(name, password));
      signUps.failed(network);
      return await context.page(
        'Signed up',
        html`<section class="card narrow">
<h1>Welcome, ${name}</h1>
${
  approved
    ? html`<p>Your account is ready.</p>
<p><a class="button" href="/hub/login">Sign in</a></p>`
    : html`<p>An administrator has to approve your account before you can sign in.</p>`
}
</section>`,
      );
    } catch (error) {
      if (error instanceof AtollError) return show(context, error);
      throw error;
    }
  });

  function show(context: PageContext, error?: AtollError): Promise<Response> {
    return context.page(
      'Sign up',
      html`<section class="card narrow">
<h1>Sign up</h1>
${alert(error && `${error.message} ${error.nextStep}`)}
<form method="post" action="/hub/signup">
${xsrfField(context.xsrfToken)}
${field({
  name: 'username',
  label: 'User name',
  type: 'text',
  autocomplete: 'username',
  value: context.form.get('username') ?? '',
  focus: true,
})}
${newPasswordFields(accounts)}
<button>Sign up</button>
</form>
<p class="small">You have an account? <a href="/hub/login">Sign in</a></p>
</section>`,
      { status: error?.status ?? 200 },
    );
  }
}

function addChangePassword(frame: PageFrame, identity: Identity, accounts: Accounts): void {
  frame.page({ method: 'get', path: '/hub/change-password', access: 'signedIn' }, (context) => show(context));

  frame.page({ method: 'post', path: '/hub/change-password', access: 'signedIn' }, async (context) => {
    const { form, principal, session, client } = context;
    try {
      const password = form.get('password') ?? '';
      if (password !== (form.get('repeated') ?? ''))
        throw new AtollError('ATOLL_PASSWORD_UNFIT', 'The two passwords are not the same.', { nextStep: '' });
      await identity.signIn.throttled(principal.name, client, () =>
        accounts.changePassword(principal.name, form.get('old') ?? '', password),
      );
      // Whoever knew the old password may be signed in with it.
      await identity.sessions.endOthers(session.userId, session.sessionId);
      return await context.page(
        'Password changed',
        html`<section class="card narrow">
<h1>Password changed</h1>
<p>Other browsers that were signed in as ${principal.name} have been signed out.</p>
</section>`,
      );
    } catch (error) {
      if (error instanceof AtollError) return show(context, error);
      throw error;
    }
  });

  async function show(context: PageContext<'signedIn'>, error?: AtollError): Promise<Response> {
    const known = await accounts.has(context.principal.name);
    return context.page(
      'Change password',
      html`<section class="card narrow">
<h1>${known ? 'Change password' : 'Set a password'}</h1>
${alert(error && `${error.message} ${error.nextStep}`)}
<form method="post" action="/hub/change-password">
${xsrfField(context.xsrfToken)}
<input type="hidden" name="username" autocomplete="username" value="${context.principal.name}">
${
  known
    ? field({
        name: 'old',
        label: 'Present password',
        type: 'password',
        autocomplete: 'current-password',
        focus: true,
      })
    : ''
}
${newPasswordFields(accounts)}
<button>Save</button>
</form>
</section>`,
      { status: error?.status ?? 200 },
    );
  }
}

function addApproval(frame: PageFrame, identity: Identity, accounts: Accounts): void {
  frame.page({ method: 'get', path: '/hub/authorize', access: 'signedIn' }, async (context) => {
    await checkMayApprove(context);
    const all = await accounts.list();
    const offset = offsetIn(context.url);
    const list = all.slice(offset, offset + pageLength);
    return context.page(
      'Accounts',
      html`<h1>Accounts</h1>
${
  all.length === 0
    ? html`<p>Nobody has signed up yet.</p>`
    : html`<div class="card flush"><table class="stack">
<thead><tr><th scope="col">Name</th><th scope="col">State</th><th scope="col">Since</th><th scope="col">Do</th></tr></thead>
<tbody>
${list.map(
  (account) => html`<tr>
<th scope="row">${account.name}</th>
<td data-label="State">${account.approved ? 'approved' : html`<strong>waits for approval</strong>`}</td>
<td data-label="Since">${new Date(account.createdAt).toISOString().slice(0, 10)}</td>
<td><form method="post" action="/hub/authorize" class="buttons">
${xsrfField(context.xsrfToken)}
<input type="hidden" name="username" value="${account.name}">
${account.approved ? '' : html`<button name="do" value="approve" aria-label="Approve ${account.name}">Approve</button>`}
<button class="danger" name="do" value="remove" aria-label="Remove ${account.name}">Remove</button>
</form></td>
</tr>`,
)}
</tbody>
</table></div>`
}
${pager({ url: context.url, offset, limit: pageLength, total: all.length })}`,
    );
  });

  frame.page({ method: 'post', path: '/hub/authorize', access: 'signedIn' }, async (context) => {
    await checkMayApprove(context);
    const name = context.form.get('username') ?? '';
    const user = await identity.users.get(name);
    // Whoever signed up under an administrator's name would be one.
    if (user) checkMayTouchAdmin(context.principal, user);
    if (context.form.get('do') === 'approve') {
      await checkMayTakeName(name, context.principal, identity);
      await accounts.approve(name);
    }
    if (context.form.get('do') === 'remove') {
      await accounts.remove(name);
      if (user) await identity.revokeAccess(user);
    }
    return context.redirect('/hub/authorize');
  });

  async function checkMayApprove({ principal }: PageContext<'signedIn'>): Promise<void> {
    if (!(await identity.can(principal, 'admin:users')))
      throw new AtollError('ATOLL_FORBIDDEN', 'Only administrators may look at accounts.');
  }
}

function newPasswordFields({ minimumPasswordLength }: Accounts) {
  return html`${field({
    name: 'password',
    label: 'New password',
    type: 'password',
    autocomplete: 'new-password',
    hint: `At least ${minimumPasswordLength} characters.`,
  })}
${field({ name: 'repeated', label: 'New password again', type: 'password', autocomplete: 'new-password' })}`;
}
