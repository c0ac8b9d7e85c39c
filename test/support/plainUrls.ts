import { defaultSettings } from '../../src/config/settings.ts';
import { HubCookies } from '../../src/identity/http/hubCookies.ts';
import { PublicUrls } from '../../src/identity/publicUrls.ts';

/** Where things are of a hub at `/`, on one host. */
export const plainUrls = new PublicUrls(defaultSettings().addresses);

/** The cookies of such a hub. */
export const plainCookies = new HubCookies(plainUrls, defaultSettings().cookies);
