import type { PageFrame } from './pageFrame.ts';

/** More pages, from another part of the program. */
export type PagesModule = (frame: PageFrame) => void;
