/** The origin of an absolute address as a list for `formTargets` of a page; empty for a path of the hub's own host. */
export function originOf(redirectUri: string): string[] {
  return redirectUri.startsWith('/') ? [] : [new URL(redirectUri).origin];
}
