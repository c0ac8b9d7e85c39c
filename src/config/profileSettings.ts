/** Traits of KubeSpawner by name, as `kubespawner_override` has them; null takes away what was set before. */
export type ServerTraits = Record<string, unknown>;

/** For whom something is offered. Undefined or without both lists: for everybody. */
export interface ProfileAudience {
  /** `allowed_groups`: members of one of these groups; capitals do not matter. */
  allowedGroups?: string[];
  /** `allowed_users`: these people. */
  allowedUsers?: string[];
}

/** One entry of `singleuser.profileList`: a named choice of environment and resources. */
export interface ProfileSettings extends ProfileAudience {
  /** `slug`, by which forms and programs name it. */
  slug: string;
  /** `display_name`. */
  displayName: string;
  /** `description`; may hold HTML. */
  description?: string;
  /** `default`. */
  isDefault: boolean;
  /** `kubespawner_override`. */
  override: ServerTraits;
  /** `profile_options`, in the order in which they were written. */
  options: ProfileOptionSettings[];
}

/** One entry of `profile_options`: something more to choose. */
export interface ProfileOptionSettings {
  /** Its key. */
  name: string;
  displayName: string;
  description?: string;
  /** Those that are listed, in their order. */
  choices: ProfileChoiceSettings[];
  /** `unlisted_choice`, when it is enabled: a value that people type in. */
  unlisted?: UnlistedChoiceSettings;
}

/** One entry of `choices`. */
export interface ProfileChoiceSettings extends ProfileAudience {
  /** Its key, by which forms and programs name it. */
  name: string;
  /** `slug`: another name of it. */
  slug?: string;
  displayName: string;
  description?: string;
  isDefault: boolean;
  override: ServerTraits;
}

/** `unlisted_choice`. */
export interface UnlistedChoiceSettings extends ProfileAudience {
  /** `display_name` of the field. */
  displayName: string;
  /** `display_name_in_choices`: how it is called among the listed ones. */
  displayNameInChoices: string;
  description?: string;
  /** `validation_regex`, which the value must match from its beginning, as in KubeSpawner. */
  pattern?: string;
  /** `validation_message`. */
  message?: string;
  /** `kubespawner_override`, with `{value}` for what was typed in. */
  override: ServerTraits;
}
