import { afterEach, describe, expect, test } from 'vitest';
import type { ProfileSettings } from '../../src/config/profileSettings.ts';
import { defaultSettings, type Settings } from '../../src/config/settings.ts';
import { AtollError } from '../../src/core/errors.ts';
import { limitedHtml } from '../../src/pages/frame/limitedHtml.ts';
import type { ProfileSource } from '../../src/servers/profiles/profileSource.ts';
import { BrowserSession } from '../support/browserSession.ts';
import { FakeRuntime } from '../support/fakeRuntime.ts';
import { press } from '../support/press.ts';
import { signIn } from '../support/signIn.ts';
import { type SmallHub, startSmallHub } from '../support/smallHub.ts';

const opened: { hub: SmallHub; runtime: FakeRuntime }[] = [];

afterEach(async () => {
  for (const { hub, runtime } of opened.splice(0)) {
    await hub.close();
    await runtime.close();
  }
});

const image: ProfileSettings['options'][number] = {
  name: 'image',
  displayName: 'Environment',
  choices: [
    { name: 'python', displayName: 'Python', isDefault: true, override: { environment: { IMAGE: 'python' } } },
    {
      name: 'r',
      displayName: 'R',
      description: 'With RStudio',
      isDefault: false,
      override: { environment: { IMAGE: 'r' }, default_url: '/rstudio' },
    },
  ],
  unlisted: {
    displayName: 'Custom image',
    displayNameInChoices: 'My own',
    pattern: '[a-z]+:.+$',
    message: 'Of the form NAME:TAG',
    override: { environment: { IMAGE: '{value}' } },
  },
};

const small: ProfileSettings = {
  slug: 'small',
  displayName: 'Small',
  isDefault: true,
  override: { mem_limit: '2G', environment: { SIZE: 'small' } },
  options: [image],
};
const large: ProfileSettings = {
  slug: 'large',
  displayName: 'Large <64 GB>',
  description: 'For <b>few</b> <script>alert(1)</script>',
  isDefault: false,
  allowedGroups: ['Power'],
  override: { mem_limit: '64G', environment: { SIZE: 'large' } },
  options: [],
};

/** A hub with profiles, and ada's browser, signed in. */
async function open(profiles: ProfileSettings[] = [small, large], profileSource?: ProfileSource) {
  const runtime = new FakeRuntime();
  const authentication = {
    ...defaultSettings().authentication,
    authenticator: 'dummy' as const,
    configured: true,
    allowAll: true,
  };
  const settings: Partial<Settings> = {
    authentication,
    profiles,
    groups: { power: { users: ['pia'], properties: {} } },
  };
  const hub = await startSmallHub({ runtime, settings, ...(profileSource && { profileSource }) });
  opened.push({ hub, runtime });
  const started = (): { environment: Record<string, string>; resources: object } | undefined => {
    const spec = runtime.live.at(-1)?.spec;
    return spec && { environment: { ...spec.environment }, resources: spec.resources };
  };
  return { hub, runtime, started, browser: await signIn(hub, 'ada') };
}

const pageAt = async (browser: BrowserSession, path: string): Promise<string> => (await browser.request(path)).text();
const location = (response: Response): string | null => response.headers.get('location');

describe('the form of a start', () => {
  test('is shown before a start, offers what is for the person, and starts what was chosen', async () => {
    const { hub, browser, started } = await open();
    const form = await pageAt(browser, '/hub/spawn');
    expect(form).toContain('name="profile-option-small--image"');
    expect(form).toContain('<option value="python" selected>Python</option>');
    expect(form).not.toContain('Large');
    expect(form).not.toContain('<script');
    expect(await hub.servers.get('ada', '')).toBeUndefined();
    const answer = await press(browser, form, '/hub/spawn/ada', {
      profile: 'small',
      'profile-option-small--image': 'r',
      'profile-option-small--image--unlisted-choice': '',
      'profile-option-large--image': 'python',
    });
    expect(location(answer)).toBe('/user/ada/');
    expect(started()).toMatchObject({
      environment: { SIZE: 'small', IMAGE: 'r', JUPYTERHUB_DEFAULT_URL: '/rstudio' },
      resources: { memoryLimit: 2 * 2 ** 30 },
    });
    expect((await hub.servers.get('ada', ''))?.userOptions).toEqual({ profile: 'small', image: 'r' });
    expect(await pageAt(browser, '/hub/home')).toContain('Small · Environment: R');
  });

  test('remembers the last choice, which a start without one uses again', async () => {
    const { hub, browser, started } = await open();
    await hub.servers.start('ada', '', {
      userOptions: { profile: 'small', image: 'unlisted_choice', 'image--unlisted-choice': 'mine:1' },
    });
    await hub.servers.settled('ada', '', 5000);
    await hub.servers.stop('ada', '');
    await hub.servers.settled('ada', '', 5000);
    const form = await pageAt(browser, '/hub/spawn/ada');
    expect(form).toContain('<option value="unlisted_choice" selected>My own</option>');
    expect(form).toContain('value="mine:1"');
    await hub.servers.start('ada', '');
    await hub.servers.settled('ada', '', 5000);
    expect(started()?.environment.IMAGE).toBe('mine:1');
  });

  test('says what is wrong, and keeps what was typed in', async () => {
    const { hub, browser } = await open();
    const form = await pageAt(browser, '/hub/spawn');
    const answer = await press(browser, form, '/hub/spawn/ada', {
      profile: 'small',
      'profile-option-small--image': 'unlisted_choice',
      'profile-option-small--image--unlisted-choice': '"><b>NO',
    });
    expect(answer.status).toBe(400);
    const page = await answer.text();
    expect(page).toContain('role="alert">Environment: Of the form NAME:TAG');
    expect(page).toContain('value="&quot;&gt;&lt;b&gt;NO"');
    expect(await hub.servers.get('ada', '')).toBeUndefined();
  });

  test('a link may choose; one of another site only fills in the form', async () => {
    const { hub, browser, started } = await open();
    const foreign = { headers: { 'sec-fetch-site': 'cross-site' } };
    const page = await browser.request('/hub/spawn/ada?opt-profile=small&opt-image=r', foreign);
    expect(await page.text()).toContain('<option value="r" selected>');
    expect(await hub.servers.get('ada', '')).toBeUndefined();
    expect(location(await browser.request('/hub/spawn/ada?opt-profile=small&opt-image=r'))).toBe('/user/ada/');
    expect(started()?.environment.IMAGE).toBe('r');
  });

  test('is left out where there is nothing to choose', async () => {
    const { browser, started } = await open([{ ...small, options: [] }]);
    expect(location(await browser.request('/hub/spawn'))).toBe('/user/ada/');
    expect(started()?.environment.SIZE).toBe('small');
  });

  test('descriptions keep simple elements and links, and nothing else', async () => {
    const { hub } = await open();
    const browser = await signIn(hub, 'pia');
    const form = await pageAt(browser, '/hub/spawn');
    expect(form).toContain('Large &lt;64 GB&gt;');
    expect(form).toContain('For <b>few</b> &lt;script&gt;alert(1)&lt;/script&gt;');
    expect(
      String(await limitedHtml('<a href="https://x.test/a?b=1&c" onclick="x()">go</a><br/><b onload=x>B</b>')),
    ).toBe('<a href="https://x.test/a?b=1&amp;c" rel="noopener">go</a><br><b>B</b>');
    expect(String(await limitedHtml(`<a href="javascript:x()">a</a><img src=x onerror=x>`))).not.toMatch(/<(?!\/?b)/);
  });
});

describe('a form of the operator’s own', () => {
  const source: ProfileSource = {
    profilesFor: () => [],
    formFor: ({ name }) => Promise.resolve(`<label>Cores for ${name} <input name="cores"></label>`),
    readForm: (_, { cores }) => Promise.resolve({ cores: Number(cores?.[0]) }),
  };

  test('stands in the place of profiles, and its author says what its fields mean', async () => {
    const { hub, browser } = await open([], source);
    const form = await pageAt(browser, '/hub/spawn');
    expect(form).toContain('Cores for ada <input name="cores">');
    const answer = await press(browser, form, '/hub/spawn/ada', { _options: '1', cores: '4' });
    expect(location(answer)).toBe('/user/ada/');
    expect((await hub.servers.get('ada', ''))?.userOptions).toEqual({ cores: 4 });
  });

  test('that cannot be read starts nothing', async () => {
    const { hub, browser } = await open([], {
      ...source,
      readForm: () => Promise.reject(new AtollError('ATOLL_BAD_REQUEST', 'Choose fewer cores.')),
    });
    const form = await pageAt(browser, '/hub/spawn');
    const answer = await press(browser, form, '/hub/spawn/ada', { _options: '1', cores: '400' });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('Choose fewer cores.');
    expect(await hub.servers.get('ada', '')).toBeUndefined();
  });
});

describe('a profile for others', () => {
  test('cannot be had by a forged form, nor through the API, nor after leaving the group (CVE-2023-48311)', async () => {
    const { hub, browser, started } = await open();
    const form = await pageAt(browser, '/hub/spawn');
    const forged = await press(browser, form, '/hub/spawn/ada', { profile: 'large' });
    expect(forged.status).toBe(400);
    expect(await forged.text()).toContain('There is no profile &quot;large&quot; for you. You can choose small.');
    const post = async (user: string, body: object): Promise<Response> =>
      fetch(`${hub.url}/hub/api/users/${user}/server`, {
        method: 'POST',
        headers: { authorization: await hub.authorizationOf(user) },
        body: JSON.stringify(body),
      });
    for (const body of [
      { profile: 'large' },
      { user_options: { profile: 'large' } },
      { profile: ['large'] },
      { 'profile-option-large--image': 'r', profile: 'large' },
    ]) {
      const answer = await post('ada', body);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({
        code: 'ATOLL_PROFILE_INVALID',
        message: expect.stringContaining('small'),
      });
    }
    expect(started()).toBeUndefined();

    expect((await post('pia', { profile: 'large' })).status).toBe(201);
    expect(started()?.environment.SIZE).toBe('large');
    await hub.servers.stop('pia', '');
    await hub.servers.settled('pia', '', 5000);
    await hub.identity.groups.removeUsers('power', ['pia']);
    expect((await post('pia', {})).status).toBe(400);
  });

  test('where nothing is for somebody, nothing starts', async () => {
    const { hub, browser } = await open([large]);
    const answer = await browser.request('/hub/spawn');
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('None of the profiles of this hub is offered to you.');
    expect(await hub.servers.get('ada', '')).toBeUndefined();
  });
});

describe('through the API', () => {
  test.each([
    ['as KubeSpawner keeps it', { profile: 'small', image: 'r' }],
    ['with the names of the form', { profile: 'small', 'profile-option-small--image': 'r' }],
    ['under user_options', { user_options: { profile: 'small', image: 'r' } }],
    ['with the default profile', { image: 'r' }],
  ])('%s', async (_, body) => {
    const { hub, started } = await open();
    const authorization = await hub.authorizationOf('ada');
    const url = `${hub.url}/hub/api/users/ada/server`;
    const answer = await fetch(url, { method: 'POST', headers: { authorization }, body: JSON.stringify(body) });
    expect(answer.status).toBe(201);
    expect(started()?.environment.IMAGE).toBe('r');
    const model = (await (await fetch(url, { headers: { authorization } })).json()) as object;
    expect(model).toMatchObject({ user_options: { profile: 'small', image: 'r' } });
  });

  test.each([
    [{ profile: 'huge' }, 'There is no profile "huge" for you. You can choose small.'],
    [{ profile: 7 }, 'There is no profile what was sent for you. You can choose small.'],
    [{ profile: 'small', image: 'julia' }, 'Environment cannot be "julia". You can choose python, r, unlisted_choice.'],
    [
      { profile: 'small', image: { r: 1 } },
      'Environment cannot be what was sent. You can choose python, r, unlisted_choice.',
    ],
    [{ profile: 'small', 'image--unlisted-choice': 'X' }, 'Environment: Of the form NAME:TAG'],
    [
      { profile: 'small', image: '__proto__' },
      'Environment cannot be "__proto__". You can choose python, r, unlisted_choice.',
    ],
  ])('%j is refused, and what can be chosen is named', async (body, message) => {
    const { hub, started } = await open();
    const answer = await fetch(`${hub.url}/hub/api/users/ada/server`, {
      method: 'POST',
      headers: { authorization: await hub.authorizationOf('ada') },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'ATOLL_PROFILE_INVALID', message });
    expect(started()).toBeUndefined();
  });
});
