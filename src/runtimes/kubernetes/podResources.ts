import type { ResourceRequirements } from 'kubernetes-types/core/v1.js';
import type { Resources } from '../contract.ts';

/** What a container asks for and may use at most, in Kubernetes' spelling. Zero is not asked for. */
export function podResources(
  resources: Resources,
  extra: { limits?: Record<string, string | number>; requests?: Record<string, string | number> } = {},
): ResourceRequirements {
  return {
    requests: { ...amounts(resources.coreGuarantee, resources.memoryGuarantee), ...texts(extra.requests) },
    limits: { ...amounts(resources.coreLimit, resources.memoryLimit), ...texts(extra.limits) },
  };
}

function amounts(cores: number | undefined, memory: number | undefined): Record<string, string> {
  return {
    // Thousandths are the smallest parts that Kubernetes knows.
    ...(cores && { cpu: String(Math.max(0.001, Math.round(cores * 1000) / 1000)) }),
    ...(memory && { memory: String(Math.round(memory)) }),
  };
}

function texts(values: Record<string, string | number> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}
