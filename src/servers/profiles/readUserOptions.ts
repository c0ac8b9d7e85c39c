/** In front of the names of a profile's options in KubeSpawner's form: `profile-option-SLUG--OPTION`. */
const formPrefix = 'profile-option-';

/**
 * Brings user_options into one shape. Programs send them as KubeSpawner keeps them (`{profile: "small", image: "pangeo"}`)
 * or with the names of its form (`{profile: "small", "profile-option-small--image": "pangeo"}`), there with lists of one
 * value too. Of the form, only the fields of the chosen profile count: a browser sends those of all.
 * @param defaultSlug the profile that counts when none is named
 */
export function readUserOptions(
  sent: Readonly<Record<string, unknown>>,
  defaultSlug: string | undefined,
): Record<string, unknown> {
  const named = single(sent.profile);
  const own = formNameOf(typeof named === 'string' && named !== '' ? named : (defaultSlug ?? ''), '');
  const options: [string, unknown][] = [];
  for (const [name, value] of Object.entries(sent)) {
    if (name.startsWith(own)) options.push([name.slice(own.length), single(value)]);
    else if (!name.startsWith(formPrefix)) options.push([name, name === 'profile' ? single(value) : value]);
  }
  // Not by assignment: a field may be called __proto__.
  return Object.fromEntries(options);
}

/** The name of the form's field for an option. */
export function formNameOf(slug: string, option: string): string {
  return `${formPrefix}${slug}--${option}`;
}

function single(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : value;
}
