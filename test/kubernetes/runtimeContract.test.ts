import { runtimeContract } from '../runtimes/contract.ts';
import { KubeWorld } from './support/kubeWorld.ts';

runtimeContract({
  name: 'kubernetes',
  makeRuntime: () => KubeWorld.open(),
  skip: [
    {
      reason: 'the kubelet looks at its containers once a second, and tells what it saw after that',
      tests: ['an exit is noticed at once'],
    },
    {
      reason: 'Kubernetes tells one number for both',
      tests: ['an exit code that looks like a signal is an exit code'],
    },
    {
      reason:
        'a volume of a Secret belongs to root: who may read is a matter of who has it mounted (serverPods.test.ts)',
      tests: ['files are there before the workload runs, for nobody else'],
    },
    {
      reason: 'what is in an image is known only when it runs (kubernetes/endings.test.ts)',
      tests: ['a workload that cannot be accepted leaves nothing'],
    },
    { reason: 'the kubelet does not shorten a stop that is under way', tests: ['a later stop may shorten the time'] },
    { reason: 'each pod has an address of its own', tests: ['no port is given twice'] },
  ],
});
