import { z } from 'zod';
import { quoted } from '../maskSecrets.ts';
import { type Path, pathText } from '../problem.ts';
import type {
  ProfileChoiceSettings,
  ProfileOptionSettings,
  ProfileSettings,
  ServerTraits,
  UnlistedChoiceSettings,
} from '../profileSettings.ts';
import type { Settings } from '../settings.ts';
import { nearest } from '../suggest.ts';
import { effectWarning } from './effects.ts';
import { faultOf } from './faultOf.ts';
import { type ApplyContext, key, type Row } from './key.ts';
import { podTraits } from './podTraits.ts';
import { serverTraits } from './serverTraits.ts';
import { flag, text, textList } from './types.ts';

const traits = z.record(text, z.unknown());

/** Wrong letters of a name with which it is clear what was meant: no trait of KubeSpawner is that near to another. */
const mostSlips = 2;

/** Names of options and choices stand in forms, where `--` parts them from each other. */
const partName = text.min(1, 'is empty').max(200, 'is longer than 200 characters');

const shown = {
  display_name: text.optional(),
  description: text.nullish(),
};

const audience = {
  allowed_groups: textList.nullish(),
  allowed_users: textList.nullish(),
};

const overrides = { kubespawner_override: traits.nullish() };

const choice = z.looseObject({
  ...shown,
  ...audience,
  ...overrides,
  slug: partName.optional(),
  default: flag.nullish(),
});

const unlistedChoice = z.looseObject({
  ...shown,
  ...audience,
  ...overrides,
  enabled: flag.nullish(),
  display_name_in_choices: text.optional(),
  description_in_choices: text.nullish(),
  validation_regex: text
    .refine(isPattern, 'is no regular expression')
    .meta({ title: 'a regular expression' })
    .nullish(),
  validation_message: text.nullish(),
});

const option = z.looseObject({
  ...shown,
  choices: z.record(partName, choice).nullish(),
  unlisted_choice: unlistedChoice.nullish(),
  // Of jupyterhub-fancy-profiles: builds an image from a repository.
  dynamic_image_building: z.looseObject({ enabled: flag.nullish() }).nullish(),
});

const profile = z.looseObject({
  ...shown,
  ...audience,
  ...overrides,
  slug: partName.optional(),
  default: flag.nullish(),
  profile_options: z.record(partName, option).nullish(),
});

/** `profileList`: a list, or (KubeSpawner 7) a map from slug to profile. */
export const profileList = z
  .union([z.array(profile), z.record(partName, profile)])
  .meta({ title: 'a list of profiles' });

type Profile = z.output<typeof profile>;
type Option = z.output<typeof option>;
type Audience = { allowed_groups?: string[] | null | undefined; allowed_users?: string[] | null | undefined };

/** `singleuser.profileList` and its other spelling, `KubeSpawner.profile_list`. */
export function profileKey(path: string, doc: string): Row {
  return key(path, profileList, doc, setProfiles, { default: [], keepsNulls: true });
}

function setProfiles(settings: Settings, value: z.output<typeof profileList>, context: ApplyContext): void {
  const entries = entriesOf(value);
  for (const [at, written] of entries) {
    checkTraits(written.kubespawner_override, [at, 'kubespawner_override'], context);
    checkOptions(written, at, context);
    tellUnknownKeys(written, profile, 'a profile', [at], context);
  }
  checkDefaults(entries, context);
  settings.profiles = toProfiles(value);
  const slugs = settings.profiles.map(({ slug }) => slug);
  for (const [index, slug] of slugs.entries())
    if (slugs.indexOf(slug) < index)
      context.refuse('ATOLL_SETTINGS_VALUE', `Two profiles have the slug "${slug}".`, {
        at: [entries[index]?.[0] ?? index],
        suggestion: `slug: ${slug}-2`,
      });
}

function checkOptions(written: Profile, profileAt: string | number, context: ApplyContext): void {
  for (const [name, { choices, unlisted_choice: unlisted, dynamic_image_building: building }] of Object.entries(
    written.profile_options ?? {},
  )) {
    const at = [profileAt, 'profile_options', name];
    if (building?.enabled)
      context.warn(
        'ATOLL_SETTINGS_NOT_SUPPORTED',
        'Images are not built from repositories here. With unlisted_choice, people can name one that is built elsewhere.',
        { at: [...at, 'dynamic_image_building'] },
      );
    for (const [choiceName, item] of Object.entries(choices ?? {})) {
      const here = [...at, 'choices', choiceName];
      checkTraits(item.kubespawner_override, [...here, 'kubespawner_override'], context);
      tellUnknownKeys(item, choice, 'a choice', here, context);
    }
    tellUnknownKeys(written.profile_options?.[name] ?? {}, option, 'an option of a profile', at, context);
    tellUnknownKeys(unlisted ?? {}, unlistedChoice, 'unlisted_choice', [...at, 'unlisted_choice'], context);
    // What holds {value} can be judged only once there is a value.
    if (unlisted?.enabled && !unlisted.kubespawner_override)
      context.warn(
        'ATOLL_SETTINGS_NO_EFFECT',
        'What people type in here changes nothing: kubespawner_override is missing.',
        {
          at: [...at, 'unlisted_choice'],
        },
      );
  }
}

/** Says which values a trait does not take. Values are replaced by what was written where they become text. */
function checkTraits(value: ServerTraits | null | undefined, at: Path, context: ApplyContext): void {
  for (const [name, amount] of Object.entries(value ?? {})) {
    const here = [...at, name];
    if (name === 'default') {
      context.warn('ATOLL_SETTINGS_NO_EFFECT', 'This has no effect here: "default" belongs one level higher.', {
        at: here,
      });
      continue;
    }
    if (amount === null) continue;
    if (name === 'environment' && value) value.environment = asWritten(amount, here, context);
    const row = traitRows.get(name);
    if (row?.kind !== 'key') {
      tellUnknown(name, traitRows.keys(), 'kubespawner_override', here, context);
      continue;
    }
    const effect = row.effects[context.runtime] ?? row.fallback?.[context.runtime];
    const warning = effect && effectWarning(effect);
    if (warning) context.warn(warning.code, warning.message, { at: here });
    const issue = row.type.safeParse(withoutNulls(amount)).error?.issues[0];
    if (issue) {
      const inside = [...here, ...issue.path.map(String)];
      const what = faultOf(row.type, issue);
      const value = what.startsWith('should be') ? written(amount) : '';
      context.refuse('ATOLL_SETTINGS_VALUE', `${pathText([...context.path, ...inside])} ${what}${value}.`, {
        at: inside,
      });
    }
  }
}

const traitRows: ReadonlyMap<string, Row> = new Map([...serverTraits, ...podTraits].map((row) => [row.path, row]));

/** A simple value as the end of a sentence about it. */
function written(value: unknown): string {
  if (typeof value === 'string') return `, not ${quoted(value)}`;
  return typeof value === 'number' || typeof value === 'boolean' ? `, not ${value}` : '';
}

/** Environment variables are texts: `1.10` shall not become `1.1`. */
function asWritten(value: unknown, at: Path, context: ApplyContext): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]: [string, unknown]) => [
      name,
      typeof item === 'number' || typeof item === 'boolean' ? context.written([...at, name]) : item,
    ]),
  );
}

function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== null));
}

/** Of several profiles that say they are the default, the first one is. Each needs a name that people see. */
function checkDefaults(entries: readonly [at: string | number, profile: Profile][], context: ApplyContext): void {
  const [, ...more] = entries.filter(([, item]) => item.default === true);
  for (const [at] of more)
    context.warn('ATOLL_SETTINGS_CONFLICT', 'Another profile before this one is the default already.', {
      at: [at, 'default'],
    });
  for (const [at, { display_name }] of entries)
    if (display_name === undefined && typeof at === 'number')
      context.warn('ATOLL_SETTINGS_VALUE', 'The profile has no display_name, which people choose it by.', { at: [at] });
}

function tellUnknownKeys(value: object, type: z.ZodObject, where: string, at: Path, context: ApplyContext): void {
  const known = Object.keys(type.shape);
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) tellUnknown(name, known, where, [...at, name], context);
  }
}

/**
 * A slip of the pen is an error: people would get servers without the limit that was meant. Other names may be attributes of
 * somebody's own, which KubeSpawner takes too.
 */
function tellUnknown(name: string, known: Iterable<string>, where: string, at: Path, context: ApplyContext): void {
  const meant = nearest(name, known, mostSlips);
  if (meant === undefined)
    context.warn('ATOLL_SETTINGS_NO_EFFECT', `Atoll does not read "${name}" in ${where}.`, { at });
  else context.refuse('ATOLL_SETTINGS_UNKNOWN_KEY', `There is no "${name}" in ${where}.`, { at, suggestion: meant });
}

/** Profiles as settings have them, from what {@link profileList} let through. */
export function toProfiles(value: z.output<typeof profileList>): ProfileSettings[] {
  return entriesOf(value).map(([at, written], index) => {
    const displayName = written.display_name ?? (typeof at === 'string' ? at : `Profile ${index + 1}`);
    return {
      slug: written.slug ?? (typeof at === 'string' ? at : slugOf(displayName) || `profile-${index + 1}`),
      displayName,
      ...described(written.description),
      ...audienceOf(written),
      isDefault: written.default ?? false,
      override: written.kubespawner_override ?? {},
      options: Object.entries(written.profile_options ?? {}).map(([name, item]) => toOption(name, item)),
    };
  });
}

function toOption(
  name: string,
  { display_name, description, choices, unlisted_choice }: Option,
): ProfileOptionSettings {
  const unlisted = unlisted_choice?.enabled ? toUnlisted(unlisted_choice) : undefined;
  return {
    name,
    displayName: display_name ?? name,
    ...described(description),
    choices: Object.entries(choices ?? {}).map(
      ([choiceName, item]): ProfileChoiceSettings => ({
        name: choiceName,
        ...(item.slug !== undefined && { slug: item.slug }),
        displayName: item.display_name ?? choiceName,
        ...described(item.description),
        ...audienceOf(item),
        isDefault: item.default ?? false,
        override: item.kubespawner_override ?? {},
      }),
    ),
    ...(unlisted && { unlisted }),
  };
}

function toUnlisted(written: z.output<typeof unlistedChoice>): UnlistedChoiceSettings {
  const displayName = written.display_name ?? 'Other';
  return {
    displayName,
    displayNameInChoices: written.display_name_in_choices ?? displayName,
    ...described(written.description ?? written.description_in_choices),
    ...audienceOf(written),
    ...(typeof written.validation_regex === 'string' && { pattern: written.validation_regex }),
    ...(typeof written.validation_message === 'string' && { message: written.validation_message }),
    override: written.kubespawner_override ?? {},
  };
}

function described(description: string | null | undefined): { description?: string } {
  return description ? { description } : {};
}

function audienceOf({ allowed_groups, allowed_users }: Audience): {
  allowedGroups?: string[];
  allowedUsers?: string[];
} {
  return {
    ...(allowed_groups && { allowedGroups: allowed_groups }),
    ...(allowed_users && { allowedUsers: allowed_users }),
  };
}

function entriesOf(value: z.output<typeof profileList>): [at: string | number, profile: Profile][] {
  return Array.isArray(value) ? value.map((item, index) => [index, item]) : Object.entries(value);
}

/** A name as it can stand in a web address, as KubeSpawner makes it: `Small (2 GB)` becomes `small-2-gb`. */
function slugOf(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

function isPattern(value: string): boolean {
  try {
    return Boolean(new RegExp(value));
  } catch {
    return false;
  }
}
