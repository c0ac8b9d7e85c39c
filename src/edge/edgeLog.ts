/** Where the edge writes its log; injected, so that it need not load a logging library. */
export type EdgeLog = (level: 'info' | 'warn' | 'error', fields: Record<string, unknown>, message: string) => void;
