/**
 * Calls `work` for each item, with so many calls under way at most. After a failure no further one begins; it is thrown when
 * those under way have ended. `mayBegin` is asked before each call: once it says no, the rest is left.
 */
export async function concurrently<T>(
  items: readonly T[],
  atATime: number,
  work: (item: T) => Promise<void>,
  mayBegin: () => boolean = () => true,
): Promise<void> {
  let next = 0;
  const takeInTurn = async (): Promise<void> => {
    while (next < items.length && mayBegin()) {
      const item = items[next] as T;
      next += 1;
      try {
        await work(item);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  const results = await Promise.allSettled(Array.from({ length: Math.min(atATime, items.length) }, takeInTurn));
  const failure = results.find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
}
