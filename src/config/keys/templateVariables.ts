import { quoted } from '../maskSecrets.ts';
import type { AnnouncementPage, Settings } from '../settings.ts';
import type { ApplyContext } from './key.ts';

const announcementPages: readonly AnnouncementPage[] = ['home', 'login', 'logout', 'spawn'];

/** What can be set of `hub.templateVars`, by name. Templates of one's own could use any other name. */
const setters: Readonly<Record<string, (settings: Settings, text: string) => void>> = {
  title: ({ pages }, text) => {
    pages.title = text;
  },
  footer: ({ pages }, text) => {
    pages.footer = text;
  },
  announcement: ({ pages }, text) => {
    pages.announcement = text;
  },
  ...Object.fromEntries(
    announcementPages.map((page) => [
      `announcement_${page}`,
      ({ pages }: Settings, text: string) => {
        pages.announcements[page] = text;
      },
    ]),
  ),
};

/** Applies `hub.templateVars` (JupyterHub's `template_vars`). */
export function applyTemplateVariables(
  settings: Settings,
  variables: Readonly<Record<string, unknown>>,
  context: ApplyContext,
): void {
  for (const [name, value] of Object.entries(variables)) {
    const set = Object.hasOwn(setters, name) ? setters[name] : undefined;
    if (!set)
      context.warn('ATOLL_SETTINGS_NOT_SUPPORTED', `No page of Atoll uses the variable ${quoted(name)}.`, {
        at: [name],
      });
    else if (typeof value === 'string') set(settings, value);
    else context.refuse('ATOLL_SETTINGS_VALUE', 'This must be text.', { at: [name] });
  }
}
