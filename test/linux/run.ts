// `npm run test:linux`: makes the guest, then runs every *.linux.js in this folder (or those whose path contains one
// of the arguments). Says why where this machine cannot.

import { runTests } from '../support/run-tests.js';
import { prepareGuest } from './guest.js';

const why = prepareGuest();
if (why !== undefined) {
  console.error(`test:linux cannot run here: ${why}`);
  process.exitCode = 1;
} else {
  await runTests('.linux.js', process.argv.slice(2));
}
