/** The version of JupyterHub whose API and behaviour this is. Single-user servers and cullers parse it. */
export const jupyterHubVersion = '6.1.1';

/** Headers of every answer of the hub. */
export const hubHeaders: Readonly<Record<string, string>> = {
  'X-JupyterHub-Version': jupyterHubVersion,
  'Access-Control-Allow-Headers': 'accept, content-type, authorization',
  'X-Content-Type-Options': 'nosniff',
  // Whoever opens a window keeps no hold of it, even from the same origin (a page on a user's server): such a page could
  // read what the window shows. Not all browsers know this.
  'Cross-Origin-Opener-Policy': 'noopener-allow-popups',
};

/** The parts of the content security policy that every answer has: nobody may frame it, violations are reported. */
export const commonContentSecurityPolicy = "frame-ancestors 'none'; report-uri /hub/security/csp-report";
