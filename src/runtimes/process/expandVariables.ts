/**
 * Environment variables with those that they name (`$(NAME)`) put in, as Kubernetes does it: a variable may name those
 * before it; `$$` is a single `$`; what names no variable stays as it is. People write `s3://scratch/$(JUPYTERHUB_USER)`.
 */
export function expandVariables(environment: Readonly<Record<string, string>>): Record<string, string> {
  const expanded: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment))
    expanded[name] = value.replace(/\$\$|\$\(([^()]+)\)/g, (token, named?: string) => {
      if (named === undefined) return '$';
      return Object.hasOwn(expanded, named) ? (expanded[named] ?? '') : token;
    });
  return expanded;
}
