const secretName =
  /token|secret|passw|passphrase|credential|pepper|private[_-]?key|(?:api|access|crypt|signing|encryption)[_-]?keys?$|^(?:key|keys|cert)$/i;

// Names of classes and of Kubernetes objects, where tokens come from, how they are sent, and how long a password must be and a token lasts, and what a token may do.
const harmless =
  /Authenticator$|Name$|_length$|_url$|_method$|_from_id_token$|_expires_in|_token_scopes$|^(?:check|exclude|revoke|automount)_|^(?:image_?)?pull_?secrets?$/i;

/** Whether a key's name says that its value must not be shown: `apiToken`, `client_secret`, `password`, `AWS_ACCESS_KEY`. */
export function isSecretName(name: string): boolean {
  return secretName.test(name) && !harmless.test(name);
}
