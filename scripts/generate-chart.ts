import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { keyTable } from '../src/config/keys/keyTable.ts';
import { defaultSettings } from '../src/config/settings.ts';
import { chartOnly, shared, wrappers } from '../src/config/values/unwrapValues.ts';
import type { KubeObject } from '../src/deploy/release.ts';
import { renderRelease } from '../src/deploy/renderRelease.ts';

// The Helm chart begins with the objects that `atoll deploy` makes, so that there is one truth about them: this writes them
// down for its templates, which then only do what values say about them.

const folder = resolve(import.meta.dirname, '../chart/files');
const note =
  '# Made by scripts/generate-chart.ts from the sources of `atoll deploy`; run it again when they have changed.\n';

/** The generated files of the chart, by path below `chart/files`. */
export function generatedChartFiles(): Record<string, string> {
  return { 'objects.yaml': note + stringify(objects()), 'layout.yaml': note + stringify(layout()) };
}

/** Every object that there can be, by kind and name, in the order in which they are made; `@…@` is put in by the templates. */
function objects(): Record<string, KubeObject> {
  const settings = defaultSettings();
  const { scheduling, ingress, httpRoute, edge } = settings.deployment;
  scheduling.podPriority.enabled = true;
  scheduling.userPlaceholder.replicas = 1;
  ingress.enabled = true;
  httpRoute.enabled = true;
  Object.assign(edge.https, { enabled: true, type: 'manual' });
  Object.assign(settings.deployment.imagePullSecret, { create: true, automaticReferenceInjection: false });
  settings.services = { '@service@': { url: 'http://example.org' } } as never;
  const release = { name: '@name@', namespace: '@namespace@', settings, inputs: [], image: '@image@' };
  const rendered = renderRelease({ ...release, controlToken: '@token@' });
  return Object.fromEntries(
    rendered.map((object) => [`${object.kind} ${object.metadata.name.replace('@name@-', '')}`, managedByHelm(object)]),
  );
}

function managedByHelm(object: KubeObject): KubeObject {
  const managed = '"app.kubernetes.io/managed-by":';
  return JSON.parse(JSON.stringify(object).replaceAll(`${managed}"atoll"`, `${managed}"@manager@"`)) as KubeObject;
}

/** How values files are laid out: wrappers and charts alone (`unwrapValues`), and the maps that may be missing. */
function layout(): Record<string, unknown> {
  const sections: Record<string, unknown> = {};
  for (const { kind, path } of keyTable) {
    if (kind !== 'section' || path.includes('<')) continue;
    let at = sections;
    for (const name of path.split('.')) at = (at[name] ??= {}) as Record<string, unknown>;
  }
  return { wrappers, charts: chartOnly, shared, sections };
}

if (import.meta.main)
  for (const [name, text] of Object.entries(generatedChartFiles())) writeFileSync(join(folder, name), text);
