import { html, raw } from 'hono/html';
import type { ProfileOptionSettings, ProfileSettings } from '../../config/profileSettings.ts';
import { defaultOf, unlistedChoice, unlistedSuffix } from '../../servers/profiles/chooseProfile.ts';
import { formNameOf } from '../../servers/profiles/readUserOptions.ts';
import { alert, xsrfField } from '../frame/formParts.ts';
import type { Html } from '../frame/layout.ts';
import { limitedHtml } from '../frame/limitedHtml.ts';

/** What a form for a start shows. */
export interface SpawnForm {
  title: string;
  /** Where it is sent. */
  action: string;
  /** The profiles to choose from. */
  profiles: readonly ProfileSettings[];
  /** HTML of the operator's own in place of the profiles. */
  custom: string | undefined;
  /** What is chosen already: what was sent, or what the last start was made with. */
  userOptions: Readonly<Record<string, unknown>>;
  /** What is wrong with what was sent. */
  message?: string | undefined;
  xsrfToken: string;
}

/** Marks a sent form of the operator's own, which may have no field at all. */
export const customFormField = '_options';

/**
 * The form in which people choose how their server starts, with the names of fields that KubeSpawner's form has. Works
 * without scripts: a style hides the options of profiles that are not chosen, and the hub passes over them.
 */
export function spawnForm(form: SpawnForm): Html {
  const { title, action, custom, message, xsrfToken } = form;
  return html`<section class="card">
<h1>${title}</h1>
${alert(message)}
<form method="post" action="${action}">
${xsrfField(xsrfToken)}
${
  custom === undefined
    ? profileChoice(form)
    : html`<input type="hidden" name="${customFormField}" value="1">
${raw(custom)}`
}
<div class="buttons"><button>Start</button> <a class="button quiet" href="/hub/home">Home</a></div>
</form>
</section>`;
}

function profileChoice({ profiles, userOptions }: SpawnForm): Html {
  const chosen = profiles.find(({ slug }) => slug === userOptions.profile) ?? defaultOf(profiles);
  const [only] = profiles;
  if (only && profiles.length === 1)
    return html`<input type="hidden" name="profile" value="${only.slug}">
<div class="profile"><h2>${only.displayName}</h2>
${described(only.description)}
${options(only, userOptions)}</div>`;
  return html`<fieldset class="profiles"><legend>Profile</legend>
${profiles.map((profile, index) => {
  const id = `profile-${index}`;
  return html`<div class="profile">
<label for="${id}"><input type="radio" id="${id}" name="profile" value="${profile.slug}"${
    profile === chosen ? html` checked` : ''
  }${profile.description ? html` aria-describedby="${id}-text"` : ''}> ${profile.displayName}</label>
${profile.description ? html`<div class="small" id="${id}-text">${limitedHtml(profile.description)}</div>` : ''}
${options(profile, profile === chosen ? userOptions : {})}
</div>`;
})}
</fieldset>`;
}

function options(profile: ProfileSettings, userOptions: Readonly<Record<string, unknown>>): Html {
  if (profile.options.length === 0) return html``;
  return html`<div class="options">${profile.options.map((option) => optionField(profile, option, userOptions))}</div>`;
}

function optionField(
  { slug }: ProfileSettings,
  option: ProfileOptionSettings,
  userOptions: Readonly<Record<string, unknown>>,
): Html {
  const { name, displayName, description, choices, unlisted } = option;
  const field = formNameOf(slug, name);
  const wanted = userOptions[name];
  const typed = userOptions[name + unlistedSuffix];
  const isTyped = unlisted !== undefined && (wanted === unlistedChoice || choices.length === 0);
  const listed = choices.find((choice) => choice.name === wanted) ?? defaultOf(choices);
  const details = choices.filter((choice) => choice.description);
  return html`<div class="field">
<label for="${field}">${displayName}</label>
${described(description)}
<select id="${field}" name="${field}"${details.length > 0 ? html` aria-describedby="${field}-text"` : ''}>
${choices.map(
  (choice) =>
    html`<option value="${choice.name}"${!isTyped && choice === listed ? html` selected` : ''}>${choice.displayName}</option>
`,
)}
${unlisted ? html`<option value="${unlistedChoice}"${isTyped ? html` selected` : ''}>${unlisted.displayNameInChoices}</option>` : ''}
</select>
${
  details.length > 0
    ? html`<details class="small" id="${field}-text"><summary>What these are</summary><dl>
${details.map((choice) => html`<dt>${choice.displayName}</dt><dd>${limitedHtml(choice.description ?? '')}</dd>`)}</dl></details>`
    : ''
}
${
  unlisted
    ? html`<div class="unlisted">
<label for="${field}${unlistedSuffix}">${unlisted.displayName}</label>
${described(unlisted.description)}
<input type="text" id="${field}${unlistedSuffix}" name="${field}${unlistedSuffix}" maxlength="1000"
 value="${typeof typed === 'string' ? typed : ''}" autocapitalize="none" autocomplete="off" spellcheck="false"${
   unlisted.message ? html` aria-describedby="${field}-rule"` : ''
 }>
${unlisted.message ? html`<p class="small" id="${field}-rule">${unlisted.message}</p>` : ''}
</div>`
    : ''
}
</div>`;
}

function described(description: string | undefined): Html {
  return description ? html`<div class="small">${limitedHtml(description)}</div>` : html``;
}
