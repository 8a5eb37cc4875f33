// Runs every *.test.js below dist/test, or those whose path contains one of the arguments.

import { runTests } from './run-tests.js';

await runTests('.test.js', process.argv.slice(2));
