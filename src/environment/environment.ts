/** The Python environment in which servers, schedulers and workers of one machine run. */
export interface Environment {
  /** Its interpreter, absolute. */
  python: string;
  /** Its folder, absolute: a virtual environment. */
  directory: string;
  /** Whether Atoll built it, so that nobody else changes it. */
  owned: boolean;
}

/** What `ensureEnvironment` needs. */
export interface EnvironmentOptions {
  /** The folder in which Atoll keeps its state; the environment is built in `python` in there. */
  stateDirectory: string;
  /** Told one line at a time, for a person, while there is something to do. */
  onProgress: (line: string) => void;
  /** Ends the work; what was half-made is removed the next time. */
  signal?: AbortSignal;
}
