/** Seconds between two looks of a browser at something that is under way. */
export const refreshSeconds = 2;

/** A request that is done within this time leads straight to its end, without a page about its progress in between. */
export const quickMs = 1000;
