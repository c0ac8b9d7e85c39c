import { messageOf, toldErrorOf } from '../../core/errors.ts';
import type { Hub } from '../../hub/hub.ts';
import type { NewSettings, SettingsAnswer, SettingsCommand } from './settingsMessages.ts';

/** What a hub does about settings files that have changed, as `up` says. */
export async function applySettings(hub: Pick<Hub, 'settings'>, command: SettingsCommand): Promise<SettingsAnswer> {
  if (command.type === 'settings') return apply(hub, command);
  if (command.type === 'settingsRefused') hub.settings.refuse(command.problems);
  else hub.settings.settle();
  return { type: 'settings', result: 'noted' };
}

async function apply(hub: Pick<Hub, 'settings'>, { settings, changes, python }: NewSettings): Promise<SettingsAnswer> {
  try {
    const outcome = await hub.settings.apply(settings, changes, python);
    return outcome.applied
      ? { type: 'settings', result: 'applied', outdated: outcome.outdated }
      : { type: 'settings', result: 'restart' };
  } catch (error) {
    const text = toldErrorOf(error)?.toText() ?? messageOf(error);
    hub.settings.refuse([text]);
    return { type: 'settings', result: 'refused', text };
  }
}
