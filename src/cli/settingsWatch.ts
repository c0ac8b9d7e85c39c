import { type FSWatcher, realpathSync, statSync, watch } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** What {@link SettingsWatch} looks at. */
export interface SettingsWatchOptions {
  /** Files and folders, as `-f` takes them. */
  paths: readonly string[];
  /** Called when something may have changed. */
  onChange: () => void;
  /** Milliseconds without a further change before that is told: editors and deployments change files in several steps. Default 150. */
  quietMs?: number;
  /** Milliseconds between two looks of its own, for file systems that tell nothing of changes. Default 5000. */
  lookMs?: number;
}

/**
 * Watches settings files. Folders are watched rather than files, since editors put a new file in the place of the old one,
 * and Kubernetes swaps a link to a folder beside it; what is behind links is found anew each time.
 */
export class SettingsWatch {
  readonly #options: SettingsWatchOptions;
  readonly #watchers = new Map<string, FSWatcher>();
  #signature: string;
  #quiet: NodeJS.Timeout | undefined;
  readonly #look: NodeJS.Timeout;

  constructor(options: SettingsWatchOptions) {
    this.#options = options;
    this.#signature = signatureOf(options.paths);
    this.#watchFolders();
    this.#look = setInterval(() => this.#lookAgain(), options.lookMs ?? 5000);
    this.#look.unref();
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

  #lookAgain(): void {
    const signature = signatureOf(this.#options.paths);
    if (signature !== this.#signature) this.#changed();
    this.#watchFolders();
  }

  #changed(): void {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => {
      this.#signature = signatureOf(this.#options.paths);
      this.#watchFolders();
      this.#options.onChange();
    }, this.#options.quietMs ?? 150);
  }

  /** Watches the folders in which the files are now, and no others. */
  #watchFolders(): void {
    const folders = new Set(this.#options.paths.flatMap(foldersOf));
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

/** Tells apart what can be told without reading; files in folders by the folder's own time and theirs being watched. */
function signatureOf(paths: readonly string[]): string {
  return paths
    .map((path) => {
      const { dev, ino, size, mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? {};
      return [realPathOf(path), dev, ino, size, mtimeMs].join(' ');
    })
    .join('\n');
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
