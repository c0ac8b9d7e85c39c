import { Command } from 'commander';

/** `atoll check -f FILE… [--json]`: says what is wrong with settings files, and what of them has no effect. */
export function checkCommand(): Command {
  return new Command('check')
    .description('Check settings files without starting anything. Exit code 0: Atoll can run with them; 1: it cannot.')
    .requiredOption(
      '-f, --file <path>',
      'settings file or folder, or - for standard input; may be repeated, later ones win',
      (path: string, before: string[] | undefined) => [...(before ?? []), path],
    )
    .option('--json', 'print the result as JSON', false)
    .action(async ({ file, json }: { file: string[]; json: boolean }) => {
      const { loadSettingsFiles } = await import('../config/loadSettings.ts');
      const { problemsText, toReport } = await import('./problemsText.ts');
      const { problems } = await loadSettingsFiles(file);
      const report = toReport(problems);
      process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : problemsText(problems));
      process.exitCode = report.valid ? 0 : 1;
    });
}
