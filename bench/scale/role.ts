import { runAnswers, runSimulatedHub } from '../support/simulatedHub.ts';

// A process of its own:
//
//   node role.ts answers
//   node role.ts hub DATABASE ANSWERS_PORT CONTROL_TOKEN

const [role, database = '', answers, controlToken = ''] = process.argv.slice(2);
if (role === 'answers') runAnswers();
else await runSimulatedHub(database, Number(answers), controlToken);
