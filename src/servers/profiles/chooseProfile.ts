import type {
  ProfileChoiceSettings,
  ProfileOptionSettings,
  ProfileSettings,
  ServerTraits,
  UnlistedChoiceSettings,
} from '../../config/profileSettings.ts';
import { AtollError } from '../../core/errors.ts';
import { isRecord } from '../../core/isRecord.ts';

/** The value of an option that says "what I typed in", as KubeSpawner's form has it. */
export const unlistedChoice = 'unlisted_choice';
/** Ends the name under which that value is sent. */
export const unlistedSuffix = '--unlisted-choice';

const longestUnlisted = 1000;
/** Names in a message; the form shows the others. */
const mostNames = 20;

/** What somebody chose. */
export interface ProfileChoice {
  profile: ProfileSettings;
  /** By option, in their order. */
  options: { option: ProfileOptionSettings; choice: ProfileChoiceSettings | { unlisted: string } }[];
}

/** The profile that counts when nobody chooses: the one marked as default, else the first. */
export function defaultOf<T extends { isDefault: boolean }>(items: readonly T[]): T | undefined {
  return items.find(({ isDefault }) => isDefault) ?? items[0];
}

/**
 * Understands user_options as KubeSpawner has them: `{profile: slug, OPTION: choice, "OPTION--unlisted-choice": text}`. What
 * is left out is the default. Undefined when nothing is offered.
 * @param profiles those that are offered to the person
 * @throws AtollError `ATOLL_PROFILE_INVALID`, which names what can be chosen
 */
export function chooseProfile(
  profiles: readonly ProfileSettings[],
  userOptions: Readonly<Record<string, unknown>>,
): ProfileChoice | undefined {
  if (profiles.length === 0) return undefined;
  const wanted = userOptions.profile;
  const isDefault = wanted === undefined || wanted === null || wanted === '';
  const profile = isDefault ? defaultOf(profiles) : profiles.find(({ slug }) => slug === wanted);
  if (!profile)
    throw invalid(
      `There is no profile ${shown(wanted)} for you. You can choose ${namesOf(profiles.map(({ slug }) => slug))}.`,
    );
  return { profile, options: profile.options.map((option) => ({ option, choice: choiceOf(option, userOptions) })) };
}

function choiceOf(
  option: ProfileOptionSettings,
  userOptions: Readonly<Record<string, unknown>>,
): ProfileChoiceSettings | { unlisted: string } {
  const { name, choices, unlisted } = option;
  const wanted = Object.hasOwn(userOptions, name) ? userOptions[name] : undefined;
  const typed = Object.hasOwn(userOptions, name + unlistedSuffix) ? userOptions[name + unlistedSuffix] : undefined;
  const listed = choices.find((choice) => choice.name === wanted) ?? choices.find((choice) => choice.slug === wanted);
  // A browser sends the field for the text also when a listed choice was made.
  if (listed && typeof wanted === 'string') return listed;
  const saysNothing = wanted === undefined || wanted === null || wanted === '';
  const saysTyped = wanted === unlistedChoice || (saysNothing && typed !== undefined && typed !== '');
  if (saysTyped && unlisted) return { unlisted: checkUnlisted(option, unlisted, typed) };
  const chosen = saysNothing && !saysTyped ? defaultOf(choices) : undefined;
  if (chosen) return chosen;
  const names = namesOf([...choices.map((choice) => choice.name), ...(unlisted ? [unlistedChoice] : [])]);
  const said = saysTyped ? 'a value of your own' : shown(wanted);
  throw invalid(
    saysNothing && !saysTyped
      ? `${option.displayName} needs a choice: ${names}.`
      : `${option.displayName} cannot be ${said}. You can choose ${names}.`,
  );
}

function checkUnlisted(option: ProfileOptionSettings, unlisted: UnlistedChoiceSettings, typed: unknown): string {
  const { pattern, message } = unlisted;
  const value = typeof typed === 'string' ? typed.trim() : '';
  // From the beginning, as Python's re.match does.
  const fits = pattern === undefined || new RegExp(`^(?:${pattern})`).test(value);
  if (value === '' || value.length > longestUnlisted || !fits)
    throw invalid(`${option.displayName}: ${message ?? `${unlisted.displayName} is missing or malformed.`}`);
  return value;
}

/** The choice as user_options, in KubeSpawner's form; other keys of what was sent stay. */
export function userOptionsOf(choice: ProfileChoice, sent: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const options = choice.options.map(
    ({ option: { name }, choice: chosen }): Record<string, unknown> =>
      'unlisted' in chosen
        ? { [name]: unlistedChoice, [name + unlistedSuffix]: chosen.unlisted }
        : { [name]: chosen.name, [name + unlistedSuffix]: undefined },
  );
  const merged = Object.assign({ ...sent, profile: choice.profile.slug }, ...options) as Record<string, unknown>;
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
}

/** What the choice sets, later options over earlier ones. */
export function traitsOf({ profile, options }: ProfileChoice): ServerTraits {
  return options.reduce<ServerTraits>(
    (traits, { option, choice }) =>
      mergeTraits(
        traits,
        'unlisted' in choice
          ? (fillIn(option.unlisted?.override ?? {}, choice.unlisted) as ServerTraits)
          : choice.override,
      ),
    profile.override,
  );
}

/** Maps merge, everything else is replaced. */
function mergeTraits(under: ServerTraits, over: ServerTraits): ServerTraits {
  const merged = { ...under };
  for (const [name, value] of Object.entries(over)) {
    const before = merged[name];
    merged[name] = isRecord(value) && isRecord(before) ? mergeTraits(before, value) : value;
  }
  return merged;
}

/** Puts what was typed in where `{value}` stands. Other braces stay: they are templates of the server's start. */
function fillIn(template: unknown, value: string): unknown {
  if (typeof template === 'string') return template.replaceAll('{value}', () => value);
  if (Array.isArray(template)) return template.map((item) => fillIn(item, value));
  if (!isRecord(template)) return template;
  return Object.fromEntries(Object.entries(template).map(([name, item]) => [name, fillIn(item, value)]));
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `"${value.slice(0, 100)}"` : 'what was sent';
}

function namesOf(names: readonly string[]): string {
  const more = names.length > mostNames ? `, and ${names.length - mostNames} more` : '';
  return names.slice(0, mostNames).join(', ') + more;
}

function invalid(message: string): AtollError {
  return new AtollError('ATOLL_PROFILE_INVALID', message);
}
