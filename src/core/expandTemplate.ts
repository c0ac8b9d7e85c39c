/**
 * Puts values into a template from the settings, in the syntax of KubeSpawner: `{name}` stands for a field, `{{` and `}}`
 * for single braces. A text that is not such a template from end to end (it names an unknown field such as `{port}`, or
 * holds JSON) keeps every brace, and only its known fields are replaced: people write values that are templates of Dask
 * or of dask-gateway, and these must reach them untouched.
 */
export function expandTemplate(template: string, fields: Readonly<Record<string, string>>): string {
  const known = (name: string): boolean => Object.hasOwn(fields, name);
  let wellFormed = true;
  const formatted = template.replace(/\{\{|\}\}|\{(\w+)\}|[{}]/g, (token, name?: string) => {
    if (token === '{{' || token === '}}') return token.charAt(0);
    if (name !== undefined && known(name)) return fields[name] ?? '';
    wellFormed = false;
    return token;
  });
  if (wellFormed) return formatted;
  return template.replace(/\{(\w+)\}/g, (token, name: string) => (known(name) ? (fields[name] ?? '') : token));
}
