/**
 * Reads the JSON reports that vitest has written: `testResults.ts counts FILE…` prints how many tests passed, failed and were
 * skipped, as three numbers; `testResults.ts failures FILE…` prints what failed, with its message. For `.ci/run`, whose last
 * lines are often all that is kept of a run.
 */
import { readFileSync } from 'node:fs';

/** What is read of a report: the form that Jest began and vitest's `json` reporter writes. */
interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages: string[] }[];
  }[];
}

/** Longest message printed for one failure, in lines. */
const MESSAGE_LINES = 25;

const [what, ...files] = process.argv.slice(2);
const reports = files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Report);

/** A file that could not be loaded has failed without one test of its own. */
function brokenFiles(report: Report) {
  return report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
}

function printFailure(file: string, test: string, message: string) {
  console.log(`FAILED: ${file} > ${test}`);
  for (const line of message.split('\n').slice(0, MESSAGE_LINES)) console.log(`    ${line}`);
}

if (what === 'counts') {
  const sum = (count: (report: Report) => number) => reports.reduce((total, report) => total + count(report), 0);
  console.log(
    sum((report) => report.numPassedTests),
    sum((report) => report.numFailedTests + brokenFiles(report).length),
    sum((report) => report.numPendingTests + report.numTodoTests),
  );
} else {
  for (const report of reports) {
    for (const file of brokenFiles(report)) printFailure(file.name, '(the file could not be run)', file.message);
    for (const file of report.testResults) {
      for (const test of file.assertionResults) {
        if (test.status === 'failed') printFailure(file.name, test.fullName, test.failureMessages.join('\n'));
      }
    }
  }
}
