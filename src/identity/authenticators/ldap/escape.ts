/** A text as a value in a search filter (RFC 4515): nothing in it has a meaning of its own. */
export function escapeFilterValue(text: string): string {
  return text.replace(/[\0()*\\/]/g, (character) => `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** A text as the value of an attribute in a DN (RFC 4514). */
export function escapeDnValue(text: string): string {
  return text
    .replace(/[\\,+"<>;=]/g, (character) => `\\${character}`)
    .replaceAll('\0', '\\00')
    .replace(/^[ #]/, (character) => `\\${character}`)
    .replace(/ $/, '\\ ');
}

/** Fills `{name}` in a template. What is filled in is not looked at again. */
export function fillTemplate(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? '') : whole,
  );
}
