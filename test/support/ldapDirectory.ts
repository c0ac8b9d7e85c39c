import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'ldapts';
import { freePort } from './freePort.ts';
import { until } from './until.ts';

const program = '/usr/sbin/slapd';

/** Why nothing can be tested beside a directory here, or undefined when it can. */
export const noDirectoryReason = existsSync(program) ? undefined : `there is no ${program}`;

/** A real LDAP server with some people and groups. */
export interface LdapDirectory {
  port: number;
  /** With TLS from the first byte. */
  tlsPort: number;
  /** The file with the certificate that its own is signed by: itself. */
  certificate: string;
  /** Another certificate, of nobody. */
  otherCertificate: string;
  /** Changes an entry as the directory's administrator. */
  asAdministrator<T>(work: (client: Client) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** The directory's administrator. */
export const searcher = { dn: 'cn=admin,dc=example,dc=org', password: 'admin-secret' };

const people = `dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
o: Example

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=example,dc=org
objectClass: organizationalUnit
ou: groups

dn: uid=ada,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: ada
cn: Ada Lovelace
sn: Lovelace
mail: ada@example.org
userPassword: ada-secret

dn: uid=grace,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: grace
cn: Grace Hopper
sn: Hopper
mail: grace@example.org
userPassword: grace-secret

dn: uid=o\\, connor,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: o, connor
cn: O Connor
sn: Connor
userPassword: connor-secret

dn: cn=staff,ou=groups,dc=example,dc=org
objectClass: groupOfNames
cn: staff
member: uid=ada,ou=people,dc=example,dc=org

dn: cn=boss,ou=groups,dc=example,dc=org
objectClass: groupOfNames
cn: boss
member: uid=grace,ou=people,dc=example,dc=org
`;

function makeCertificate(folder: string, name: string): string {
  const file = join(folder, `${name}.pem`);
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', [...request, ...subject, '-keyout', join(folder, `${name}.key`), '-out', file], {
    stdio: 'ignore',
  });
  return file;
}

/** Starts one, of Debian's slapd. */
export async function startLdapDirectory(): Promise<LdapDirectory> {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-ldap-'));
  mkdirSync(join(folder, 'data'));
  const certificate = makeCertificate(folder, 'server');
  const otherCertificate = makeCertificate(folder, 'other');
  // AppArmor lets the program at its usual place read its usual folders only. Its name says which tool it is.
  copyFileSync(program, join(folder, 'slapd'));
  symlinkSync(join(folder, 'slapd'), join(folder, 'slapadd'));
  const config = join(folder, 'slapd.conf');
  writeFileSync(
    config,
    `${['core', 'cosine', 'inetorgperson'].map((name) => `include /etc/ldap/schema/${name}.schema`).join('\n')}
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile ${certificate}
TLSCertificateKeyFile ${join(folder, 'server.key')}
database mdb
suffix "dc=example,dc=org"
rootdn "${searcher.dn}"
rootpw ${searcher.password}
directory ${join(folder, 'data')}
access to attrs=userPassword by anonymous auth by * none
access to * by users read
`,
  );
  const ldif = join(folder, 'people.ldif');
  writeFileSync(ldif, people);
  execFileSync(join(folder, 'slapadd'), ['-f', config, '-l', ldif], { stdio: 'ignore' });
  const [port, tlsPort] = [await freePort(), await freePort()];
  const urls = `ldap://127.0.0.1:${port} ldaps://127.0.0.1:${tlsPort}`;
  const server = spawn(join(folder, 'slapd'), ['-f', config, '-h', urls, '-d', '0'], { stdio: 'ignore' });
  const exited = new Promise<void>((done) => server.once('exit', () => done()));
  const asAdministrator = async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
    const client = new Client({ url: `ldap://127.0.0.1:${port}` });
    try {
      await client.bind(searcher.dn, searcher.password);
      return await work(client);
    } finally {
      await client.unbind();
    }
  };
  await until('the directory to answer', () =>
    asAdministrator(() => Promise.resolve(true)).catch(() => {
      if (server.exitCode !== null) throw new Error(`slapd ended with ${server.exitCode}`);
      return false;
    }),
  );
  return {
    port,
    tlsPort,
    certificate,
    otherCertificate,
    asAdministrator,
    async close() {
      server.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
