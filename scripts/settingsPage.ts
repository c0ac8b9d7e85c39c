import { describeType } from '../src/config/keys/describeType.ts';
import type { Effect } from '../src/config/keys/effects.ts';
import type { Key, Row, Section } from '../src/config/keys/key.ts';
import { effectOf, keyTable } from '../src/config/keys/keyTable.ts';
import { runtimeKinds } from '../src/config/settings.ts';
import { markdownTable } from './markdownTable.ts';

/** The reference of all keys. */
export function settingsPage(note: string): string {
  return `# Settings

${note}

Settings are written in YAML, in the layout of the daskhub Helm chart: \`jupyterhub:\` takes the keys of
zero-to-jupyterhub (z2jh), \`dask-gateway:\` those of dask-gateway, and \`atoll:\` Atoll's own. Files that people wrote for these
charts are taken as they are, also files for z2jh or dask-gateway alone, and files below \`basehub:\` or \`daskhub:\`.

    atoll check -f config.yaml -f secrets.yaml      # what is wrong, and what has no effect here
    atoll explain -f config.yaml singleuser.memory  # what holds, which line says so, what it does here
    atoll diff -f config.yaml --to new.yaml         # what would change, and when it counts
    atoll schema > values.schema.json               # for editors
    atoll up -f config.yaml -f secrets.yaml

Without a file, Atoll listens to this machine only, and whoever started it signs in by a one-time link.

    jupyterhub:
      hub:
        config:
          JupyterHub: { authenticator_class: native }
          Authenticator: { admin_users: [ada], allow_all: true }
      singleuser:
        memory: { limit: 4G }
        extraEnv: { BUCKET: 's3://scratch/{username}' }
    atoll:
      clusters: { maxWorkers: 20, idleTimeout: 1800 }

* **Layers.** \`-f\` takes a file, a folder (its \`*.yaml\` in the order of their names) or \`-\` for standard input, and may be repeated.
  As in Helm, maps merge key by key, lists are replaced whole, a later file wins, and \`null\` unsets a key.
  [Values files](values-files.md) has more on this, on secrets and on amounts.
* **YAML** is read as Helm reads it (YAML 1.1): \`yes\` and \`on\` are true, \`0644\` is octal; anchors, aliases and merge keys work.
* **Typing errors** are errors, with file, line and column, and the key that was probably meant. Maps whose names are yours
  (variables, labels, classes) take any name.
* **What has no effect** where Atoll runs is a warning that says why; so is what Atoll does not support.

The tables say what each key does with processes of one machine, on Kubernetes and with Slurm jobs (\`atoll.runtime.kind\`;
Slurm cannot be chosen yet):
✓ it works, – it has no effect, ✗ it is not supported. The letter leads to the reason below the table. \`<trait>\` and the
like stand for any name.

${sections().map(sectionText).join('\n\n')}
`;
}

interface DocumentedSection {
  title: string;
  head?: Section;
  rows: Row[];
}

/** The table cut at its larger sections; keys at the top have a section of their own. */
function sections(): DocumentedSection[] {
  const left = new Set<Row>(keyTable.filter((row) => row.kind === 'section' || !row.inherited));
  const found = titles.map((title): DocumentedSection => {
    const rows = [...left].filter((row) => row.path === title || row.path.startsWith(`${title}.`));
    for (const row of rows) left.delete(row);
    const head = rows.find((row) => row.path === title);
    return { title, ...(head?.kind === 'section' && { head }), rows };
  });
  return [...found, { title: 'Other keys at the top', rows: [...left] }];
}

/** Sections of the page, the longer path before the shorter one that holds it. */
const titles = [
  'atoll',
  'jupyterhub.singleuser',
  'jupyterhub.hub.config',
  'jupyterhub.hub',
  'jupyterhub.proxy',
  'jupyterhub.cull',
  'jupyterhub.scheduling',
  'jupyterhub.prePuller',
  'jupyterhub.ingress',
  'jupyterhub.httpRoute',
  'jupyterhub',
  'dask-gateway.gateway',
  'dask-gateway.controller',
  'dask-gateway.traefik',
  'dask-gateway',
];

function sectionText({ title, head, rows }: DocumentedSection): string {
  const relative = (path: string): string => (path.startsWith(`${title}.`) ? path.slice(title.length + 1) : path);
  const reasons = new Reasons();
  const cells = rows
    .filter(isKey)
    .map((key) => [
      `\`${relative(key.path)}\``,
      describeType(key.type),
      key.default === undefined ? '' : `\`${JSON.stringify(key.default)}\``,
      key.doc,
      ...runtimeKinds.map((runtime) => reasons.mark(effectOf(key, runtime))),
    ]);
  const parts = [
    `## ${head ? `\`${title}\`` : title}`,
    head?.doc ?? '',
    markdownTable(['key', 'takes', 'default', 'what it says', 'one machine', 'Kubernetes', 'Slurm'], cells),
    reasons.list(),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function isKey(row: Row): row is Key {
  return row.kind === 'key';
}

/** Why keys do not work, each reason once, with a letter. */
class Reasons {
  readonly #letters = new Map<string, string>();

  /** The sign of an effect, with the letter of its reason. */
  mark(effect: Effect): string {
    if (effect.kind === 'works') return '✓';
    const reason = sentence(effect);
    const letter = this.#letters.get(reason) ?? letterOf(this.#letters.size);
    this.#letters.set(reason, letter);
    return `${effect.kind === 'none' ? '–' : '✗'} ${letter}`;
  }

  list(): string {
    return [...this.#letters].map(([reason, letter]) => `* ${letter}: ${reason}`).join('\n');
  }
}

/** a, b, …, z, aa, ab, … */
function letterOf(index: number): string {
  const letter = String.fromCodePoint(97 + (index % 26));
  return index < 26 ? letter : letterOf(Math.floor(index / 26) - 1) + letter;
}

function sentence(effect: Effect): string {
  if (effect.kind === 'works') return 'It works.';
  return effect.kind === 'none' ? `No effect, because ${effect.because}.` : `Not supported. ${effect.instead}`;
}
