/** The version of JupyterHub whose API and behaviour this is. Single-user servers and cullers parse it. */
export const jupyterHubVersion = '6.1.1';

/** Headers of every answer of the hub. */
export const hubHeaders: Readonly<Record<string, string>> = {
  'X-JupyterHub-Version': jupyterHubVersion,
  'Access-Control-Allow-Headers': 'accept, content-type, authorization',
  'X-Content-Type-Options': 'nosniff',
};

/** The parts of the content security policy that every answer has: nobody may frame it, violations are reported. */
export const commonContentSecurityPolicy = "frame-ancestors 'none'; report-uri /hub/security/csp-report";
