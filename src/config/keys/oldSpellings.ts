import type { Settings } from '../settings.ts';
import { disruptionBudget, networkPolicy, partKeys } from './commonKeys.ts';
import { everywhere, none, ownPlacement, unsupported } from './effects.ts';
import { inert, podKey, type Row, under } from './key.ts';
import { freeMap, integer, list, text, textMap } from './types.ts';

const edge = ({ deployment }: Settings) => deployment.edge;
const edgeInstead = none("Atoll's own edge stands in the place of this proxy");
const ownImage = none('the hub is Atoll itself');

/**
 * Keys that zero-to-jupyterhub had before version 1 and does not have any more, as far as their place is not that of others.
 * They stand before today's, which win over them.
 */
export const oldSpellings: Row[] = under('jupyterhub', [
  inert(
    'hub.publicURL',
    text,
    'Where people reach the hub, before z2jh 1.',
    none('Atoll sees it in what browsers ask'),
  ),
  inert(
    'hub.extraConfigMap',
    freeMap,
    'Spelling of custom before z2jh 0.9.',
    unsupported('Use jupyterhub.custom, which Python in hub.extraConfig reads.'),
    { secret: true },
  ),
  podKey(
    'hub.uid',
    integer,
    'Spelling of hub.containerSecurityContext.runAsUser before z2jh 0.10.',
    (settings, value) => {
      settings.deployment.hub.containerSecurityContext = { runAsUser: value };
    },
  ),
  inert('hub.imagePullPolicy', text, 'Spelling of hub.image.pullPolicy before z2jh 0.9.', ownImage),
  inert('hub.imagePullSecret', freeMap, 'Spelling of hub.image.pullSecrets before z2jh 0.10.', ownImage, {
    secret: true,
  }),
  ...partKeys('proxy', ['nodeSelector', 'tolerations', 'resources', 'containerSecurityContext'], edge),
  ...networkPolicy('proxy.networkPolicy', ({ deployment }) => deployment.edge.networkPolicy),
  ...disruptionBudget('proxy.pdb', everywhere(none('Atoll sees to it that one edge is always there'))),
  inert('proxy.nginx', freeMap, 'The proxy that ended TLS before z2jh 0.9.', edgeInstead),
  inert('proxy.lego', freeMap, "What kept Let's Encrypt certificates before z2jh 0.9.", edgeInstead),
  inert('proxy.chp.cmd', list, 'Spelling of proxy.chp.command before z2jh 0.7.', edgeInstead),
  inert('singleuser.schedulerStrategy', text, 'Whether servers are packed or spread, before z2jh 0.9.', ownPlacement),
  inert('prePuller.hook.extraEnv', textMap, 'Variables of what waits for the pullers, before z2jh 0.9.', {
    kubernetes: none('`atoll deploy` waits itself'),
  }),
  inert('scheduling.userScheduler.policy', freeMap, 'How nodes are filled, before z2jh 0.11.'),
  inert('cull.podCuller', freeMap, "What stopped servers' pods, before z2jh 0.7."),
]);
