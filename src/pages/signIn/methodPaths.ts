/** Where the pages of a way to sign in are: `/hub`, or `/hub/PATH` where there are several (and for LTI, as in JupyterHub). */
export function pagesOf(path: string): string {
  return path === '' ? '/hub' : `/hub/${path}`;
}
