const secretName =
  /token|secret|passw|passphrase|credential|pepper|private|(?:api|access|crypt|signing|encryption)[_-]?keys?$|^(?:key|keys|cert)$/i;

/** Whether a key's name says that its value must not be shown: `apiToken`, `client_secret`, `password`, `AWS_ACCESS_KEY`. */
export function isSecretName(name: string): boolean {
  return secretName.test(name);
}
