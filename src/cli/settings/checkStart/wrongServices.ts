import type { Settings } from '../../../config/settings.ts';
import { placesOf, type Refusal, refusals } from './refusal.ts';

/** Services that cannot be as they are: their names, tokens and OAuth clients. */
export async function wrongServices({ services, addresses }: Settings): Promise<Refusal[]> {
  if (Object.keys(services).length === 0) return [];
  const [{ Services }, { PublicUrls }] = await Promise.all([
    import('../../../identity/services.ts'),
    import('../../../identity/publicUrls.ts'),
  ]);
  const others = new Services({}, new PublicUrls(addresses));
  return Object.values(services).flatMap((service) =>
    refusals(() => others.addOfSettings(service), { paths: placesOf(service.name, ['services']) }),
  );
}
