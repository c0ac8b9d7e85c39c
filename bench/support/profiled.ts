/** Whether this run is one for a profile (`bench/run.ts`): our programs run from their sources, whose names it then has. */
export const isProfiled = process.env.ATOLL_BENCH_PROFILE !== undefined;
