import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadSettingsFiles } from '../../src/config/loadSettings.ts';
import { overrideServers } from '../../src/config/overrideServers.ts';
import { chooseProfile, traitsOf, unlistedChoice, unlistedSuffix } from '../../src/servers/profiles/chooseProfile.ts';

const folder = join(import.meta.dirname, 'values/2i2c');
const defaults = join(folder, 'charts/basehub.values.yaml');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => join(folder, name));

/** What one hub is layered from there: chart, cluster, hub. */
function layersOf(file: string): string[] {
  const common = join(dirname(file), 'common.values.yaml');
  return [defaults, ...(existsSync(common) && common !== file ? [common] : []), file];
}

describe('the profiles that operators really wrote', () => {
  let choices = 0;

  test.each(files.map((file) => relative(folder, file)))('%s: each choice can be made', async (name) => {
    const { settings } = await loadSettingsFiles(layersOf(join(folder, name)));
    for (const profile of settings.profiles) {
      for (const option of profile.options.length > 0 ? profile.options : [undefined]) {
        const wanted: object[] = (option?.choices ?? []).map((choice) => ({ [option?.name ?? '']: choice.name }));
        if (option?.unlisted)
          wanted.push({ [option.name]: unlistedChoice, [option.name + unlistedSuffix]: 'registry.example/image:1' });
        for (const options of wanted.length > 0 ? wanted : [{}]) {
          const choice = chooseProfile(settings.profiles, { profile: profile.slug, ...options });
          expect(choice?.profile.slug).toBe(profile.slug);
          const traits = choice ? traitsOf(choice) : {};
          const servers = overrideServers(settings, traits);
          const limit = typeof traits.mem_limit === 'number' ? Math.floor(traits.mem_limit) : servers.memoryLimit;
          expect(servers.memoryLimit).toBe(limit);
          expect(servers.pod.image).toBe(traits.image ?? servers.pod.image);
          choices += 1;
        }
      }
    }
  });

  test('there were many', () => expect(choices).toBeGreaterThan(300));
});
