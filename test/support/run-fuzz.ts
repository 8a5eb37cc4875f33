// `npm run fuzz [-- PATTERN]`: the fuzz tests (or those of that path) for minutes instead of seconds.

const SECONDS = '120';

process.env.WIREVERBS_FUZZ_SECONDS ??= SECONDS;
if (process.argv.length < 3) process.argv.push('fuzz/');
await import('./run.js');

export {};
