import type { ApiFrame } from './apiFrame.ts';

/** More routes of the API, from another file: called once, before the API is finished. */
export type ApiModule = (frame: ApiFrame) => void;
