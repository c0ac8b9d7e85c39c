/** What an edge needs to end TLS itself. */
export interface TlsFiles {
  /** Path of the certificate, with those between it and its authority, in PEM. */
  certificate: string;
  /** Path of its private key, in PEM. */
  key: string;
  /** Names of hosts, in lower case, at which plain HTTP is sent on to HTTPS. Other names are those that programs inside use. */
  hosts: readonly string[];
}
