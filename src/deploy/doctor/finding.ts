import type { ApiClient } from '../../kubernetes/apiClient.ts';
import { isApiError } from '../../kubernetes/apiError.ts';

/** Something that is wrong, or soon will be. */
export interface Finding {
  /** One sentence, in plain words. */
  text: string;
  /** What was seen, a line each. */
  evidence?: string[];
  /** What to do, where the text does not say it. */
  nextStep?: string;
}

/** What is looked at. */
export interface Examined {
  client: ApiClient;
  /** Of the release. */
  name: string;
  namespace: string;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Looks at one thing. What this account may not look at is thrown as the API server's 403. */
export type Examination = (examined: Examined) => Promise<Finding[]>;

/** The objects of a collection; none where the cluster has no such kind. */
export async function itemsOf<T>(client: ApiClient, path: string, labelSelector?: string): Promise<T[]> {
  try {
    return (await client.request<{ items: T[] }>({ path, query: { labelSelector } })).items;
  } catch (error) {
    if (isApiError(error, 404)) return [];
    throw error;
  }
}
