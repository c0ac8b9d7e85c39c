import { type FSWatcher, readdirSync, realpathSync, statSync, watch } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

/** What {@link SettingsWatch} looks at. */
export interface SettingsWatchOptions {
  /** Files and folders, as `-f` takes them. */
  paths: readonly string[];
  /** Files that these refer to. */
  referredFiles?: readonly string[];
  /** Called when they may say something else than before. */
  onChange: () => void;
  /** Milliseconds without a further change before that is told: editors and deployments change files in several steps. Default 150. */
  quietMs?: number;
  /** Milliseconds between two looks of its own, for file systems that tell nothing of changes. Default 5000. */
  lookMs?: number;
}

/**
 * Watches settings files, and files that they refer to. Folders are watched rather than files, since editors put a new file in the place of the old one,
 * and Kubernetes swaps a link to a folder beside it; what is behind links is found anew each time. Whatever else happens in
 * those folders is passed over.
 */
export class SettingsWatch {
  readonly #options: SettingsWatchOptions;
  readonly #watchers = new Map<string, FSWatcher>();
  #referredFiles: readonly string[];
  /** Of what was told last. */
  #signature: string;
  /** Of the last look, which may have fallen between the steps of a change. */
  #seen: string;
  #quiet: NodeJS.Timeout | undefined;
  #look: NodeJS.Timeout | undefined;

  constructor(options: SettingsWatchOptions) {
    this.#options = options;
    this.#referredFiles = options.referredFiles ?? [];
    this.#signature = signatureOf(this.#paths);
    this.#seen = this.#signature;
  }

  /** Begins to tell changes; those since this was made are told soon. */
  start(): void {
    this.#watchFolders();
    this.#look = setInterval(() => this.#changed(), this.#options.lookMs ?? 5000);
    this.#look.unref();
    this.#changed();
  }

  /** Watches these files too, in place of those so far that the settings referred to. Returns whether they are others. */
  follow(referredFiles: readonly string[]): boolean {
    if (isDeepStrictEqual(referredFiles, this.#referredFiles)) return false;
    this.#referredFiles = referredFiles;
    this.#signature = signatureOf(this.#paths);
    this.#watchFolders();
    return true;
  }

  /** Whether these can be watched: not standard input, nor a pipe, which can be read only once. */
  static canWatch(paths: readonly string[]): boolean {
    return paths.length > 0 && paths.every((path) => path !== '-' && isFileOrFolder(path));
  }

  close(): void {
    clearInterval(this.#look);
    clearTimeout(this.#quiet);
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  get #paths(): readonly string[] {
    return [...this.#options.paths, ...this.#referredFiles];
  }

  #changed(): void {
    this.#quiet ??= setTimeout(() => {
      this.#quiet = undefined;
      this.#lookClosely();
    }, this.#options.quietMs ?? 150);
  }

  /** Tells a change once two looks in a row have seen the same. */
  #lookClosely(): void {
    this.#watchFolders();
    const signature = signatureOf(this.#paths);
    const isSteady = signature === this.#seen;
    this.#seen = signature;
    if (signature === this.#signature) return;
    if (!isSteady) return this.#changed();
    this.#signature = signature;
    this.#options.onChange();
  }

  /** Watches the folders in which the files are now, and no others. */
  #watchFolders(): void {
    const folders = new Set(this.#paths.flatMap(foldersOf));
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of folders) {
      if (this.#watchers.has(folder)) continue;
      try {
        const watcher = watch(folder, { persistent: false }, () => this.#changed());
        watcher.on('error', () => this.#drop(folder));
        this.#watchers.set(folder, watcher);
      } catch {
        // It is not there, or cannot be watched: it is looked at from time to time.
      }
    }
  }

  #drop(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }
}

/** A path's own folder and, where it is a link, that of what it leads to; a folder itself. */
function foldersOf(path: string): string[] {
  const own = resolve(path);
  const real = realPathOf(own);
  const folders = [dirname(own), ...(real === undefined ? [] : [dirname(real)])];
  return isFolder(own) ? [...folders, own] : folders;
}

/** Tells apart what can be told without reading. */
function signatureOf(paths: readonly string[]): string {
  return paths
    .flatMap((path) => [path, ...(isFolder(path) ? filesIn(path) : [])])
    .map((path) => {
      const { dev, ino, size, mtimeMs, ctimeMs } = statSync(path, { throwIfNoEntry: false }) ?? {};
      return [path, realPathOf(path), dev, ino, size, mtimeMs, ctimeMs].join(' ');
    })
    .join('\n');
}

/** The settings files in a folder. */
function filesIn(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
    return names.sort().map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isFileOrFolder(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && (found.isFile() || found.isDirectory());
}
