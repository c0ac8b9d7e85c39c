import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';

const executable = '/usr/bin/chromium';

/** Why no browser can be tested with here, or undefined when one can. */
export const noBrowserReason = existsSync(executable) ? undefined : `there is no ${executable}`;

/** Starts the system's Chromium, cut off from everything but the pages that a test opens. */
export async function launchBrowser(): Promise<Browser> {
  const { chromium } = await import('playwright-core');
  return chromium.launch({
    executablePath: executable,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
