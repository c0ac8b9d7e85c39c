import { runtimeContract } from './contract.ts';
import { ProcessWorld } from './support/processWorld.ts';

runtimeContract({ name: 'process', makeRuntime: () => ProcessWorld.open({ allowForkServers: false }) });
