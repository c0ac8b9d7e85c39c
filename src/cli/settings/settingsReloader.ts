import { isDeepStrictEqual } from 'node:util';
import type { ChangedSetting } from '../../config/settingsReport.ts';
import type { ValuesInput } from '../../config/values/parseValues.ts';
import { messageOf } from '../../core/errors.ts';
import { readSettingsApart } from './readSettingsApart.ts';
import type { NewSettings, SettingsAnswer, SettingsCommand } from './settingsMessages.ts';
import { changesText, outdatedText } from './settingsText.ts';
import { SettingsWatch } from './settingsWatch.ts';

/** The pause after something beside the settings themselves went wrong, such as the hub's death. */
const retryMs = 1000;

/** What {@link SettingsReloader} works with. */
export interface SettingsReloaderOptions {
  paths: readonly string[];
  /** The data folder. */
  data: string;
  /** The texts of the settings in force. */
  inputs: readonly ValuesInput[];
  /** The files that they refer to. */
  referredFiles: readonly string[];
  /** Tells the hub; resolves with what it answers. */
  tellHub: (command: SettingsCommand) => Promise<SettingsAnswer>;
  /** Keeps the texts for the hub's next start. */
  keep: (inputs: readonly ValuesInput[]) => void;
  /**
   * Starts the hub anew, by what was kept; rejects when it does not come up. Resolves with whether that was done: false when
   * somebody else has to do it.
   */
  restartHub: (changes: readonly ChangedSetting[]) => Promise<boolean>;
  /** Why settings cannot be used here, beside what is wrong with them by themselves; undefined: they can. */
  objection: (settings: NewSettings) => string | undefined;
  print: (line: string) => void;
}

/**
 * Takes over settings files that have changed: reads and checks them apart, lets the hub put them into force, starts it anew
 * where it cannot, and goes back to the old ones when anything is wrong. One change at a time.
 */
export class SettingsReloader {
  readonly #options: SettingsReloaderOptions;
  #inputs: readonly ValuesInput[];
  #watch: SettingsWatch | undefined;
  #underWay: Promise<void> = Promise.resolve();
  #waiting = false;
  /** Why the files, which say something else than what is in force, were refused. */
  #refused: string[] | undefined;
  #closed = false;

  constructor(options: SettingsReloaderOptions) {
    this.#options = options;
    this.#inputs = options.inputs;
    const { paths, referredFiles } = options;
    if (SettingsWatch.canWatch(paths))
      this.#watch = new SettingsWatch({ paths, referredFiles, onChange: () => void this.reload() });
  }

  /** Begins to tell changes of the files, those since the reloader was made too: a start can take minutes. Returns a sentence when they cannot be watched. */
  start(): string | undefined {
    const { paths } = this.#options;
    if (paths.length === 0) return undefined;
    if (!this.#watch) return 'Note: settings from a pipe are read once; changes count after a restart of Atoll.';
    this.#watch.start();
    return undefined;
  }

  /** Reads the files now. Resolves when what came of it is done. */
  reload(): Promise<void> {
    if (this.#closed || this.#options.paths.length === 0) return Promise.resolve();
    // Whoever asks while one waits its turn is served by that one.
    if (!this.#waiting) {
      this.#waiting = true;
      this.#underWay = this.#reloadAfter(this.#underWay);
    }
    return this.#underWay;
  }

  /** Stops watching. What is under way goes on. */
  close(): void {
    this.#closed = true;
    this.#watch?.close();
  }

  async #reloadAfter(others: Promise<void>): Promise<void> {
    await others;
    this.#waiting = false;
    if (this.#closed) return;
    try {
      await this.#takeOver();
    } catch (error) {
      this.#options.print(`The settings could not be taken over: ${messageOf(error)}. Trying again.`);
      setTimeout(() => void this.reload(), retryMs).unref();
    }
  }

  async #takeOver(): Promise<void> {
    const { paths, data, tellHub, objection, keep, print } = this.#options;
    const read = await readSettingsApart({ paths, before: this.#inputs, data });
    // What they refer to may have changed between the moment at which it was read and this one.
    if (read.referredFiles && this.#watch?.follow(read.referredFiles)) void this.reload();
    if (read.kind === 'same') return this.#settle();
    if (read.kind === 'broken') return this.#refuse(read.problems);
    const { settings, changes, inputs, python, notRun } = read;
    const command: NewSettings = { type: 'settings', settings, changes, ...(python && { python }) };
    const problem = objection(command);
    if (problem !== undefined) return this.#refuse([problem]);
    const answer: SettingsAnswer = notRun ? { type: 'settings', result: 'restart' } : await tellHub(command);
    if (answer.result === 'refused') {
      this.#refused = [answer.text];
      return print(refusal(answer.text));
    }
    const before = this.#inputs;
    keep(inputs);
    if (answer.result === 'restart') {
      print('The settings have changed; only a hub that starts can put them into force. Servers and clusters go on.');
      try {
        if (!(await this.#options.restartHub(changes))) return;
      } catch (error) {
        keep(before);
        return this.#refuse([messageOf(error)]);
      }
    }
    this.#inputs = inputs;
    this.#refused = undefined;
    const outdated = answer.result === 'applied' ? outdatedText(answer.outdated) : '';
    print(`The settings have changed, and are in force.\n${changesText(changes)}${outdated}`);
  }

  async #settle(): Promise<void> {
    if (!this.#refused) return;
    this.#refused = undefined;
    this.#options.print('The settings files say again what is in force.');
    await this.#options.tellHub({ type: 'settingsSettled' });
  }

  async #refuse(problems: string[]): Promise<void> {
    if (isDeepStrictEqual(problems, this.#refused)) return;
    this.#refused = problems;
    this.#options.print(refusal(problems.join('\n  ')));
    await this.#options.tellHub({ type: 'settingsRefused', problems });
  }
}

function refusal(text: string): string {
  return `The settings files were changed, and refused; the old settings stay in force.\n  ${text}`;
}
