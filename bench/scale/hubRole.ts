import { runSimulatedHub } from '../support/simulatedHub.ts';

// A hub whose servers and clusters are simulated, in a process of its own, which speaks with the one that started it.
//
//   node hubRole.ts DATABASE ANSWERS_PORT CONTROL_TOKEN

const [database = '', answers, controlToken = ''] = process.argv.slice(2);
await runSimulatedHub(database, Number(answers), controlToken);
