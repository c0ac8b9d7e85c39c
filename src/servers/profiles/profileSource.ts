import type { ProfileSettings } from '../../config/profileSettings.ts';

/** For whom profiles are asked. */
export interface Person {
  name: string;
  groups: readonly string[];
  admin: boolean;
}

/** Where profiles come from: the settings, or Python in them (`profile_list` and `options_form` as callables). */
export interface ProfileSource {
  /**
   * All profiles for this person, before `allowed_groups` and `allowed_users` are looked at. Asked at each look at the
   * form, at each request to start and at each start.
   */
  profilesFor(person: Person): Promise<readonly ProfileSettings[]> | readonly ProfileSettings[];
  /**
   * A form of the operator's own (`options_form`) that is shown in place of the profiles: HTML for the inside of a form.
   * Undefined, also as an answer: there is none.
   */
  formFor?(person: Person): Promise<string | undefined>;
  /** What the fields of that form mean (`options_from_form`): user_options. Default: each field with its values. */
  readForm?(person: Person, fields: Record<string, string[]>): Promise<Record<string, unknown>>;
}
