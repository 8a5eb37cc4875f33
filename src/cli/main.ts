#!/usr/bin/env node
// The command line: one file a command; this one puts them together and ends the process.

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { buildCommand } from './build.js';
import { checkCommand } from './check.js';
import { compareCommand } from './compare.js';
import { completeCommand } from './completion.js';
import { demoCommand } from './demo.js';
import { dissectCommand } from './dissect.js';
import { inlineMore } from './engine.js';
import { explain } from './failure.js';
import { goldenCommand } from './golden.js';
import { headerCommand } from './header.js';
import { liveCommand } from './live.js';
import { perftestCommand } from './perftest.js';
import { poolCommand } from './pool.js';
import { probeCommand } from './probe.js';
import { reportCommand } from './report.js';
import { runCommand } from './run.js';
import { remark } from './terminal.js';

const { version } = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
) as { version: string };

inlineMore();

const program = new Command('wireverbs')
  .description(
    'Byte-accurate emulator of networks, RDMA and remote storage, and of their wire formats: every frame, copy and interrupt can be seen',
  )
  .version(version)
  .showHelpAfterError('(wireverbs --help tells more)')
  .configureOutput({
    outputError: (text, write) => write(text.replace(/^error: /, 'wireverbs: ')),
  })
  .exitOverride();

dissectCommand(program);
buildCommand(program);
checkCommand(program);
headerCommand(program);
goldenCommand(program);
liveCommand(program);
perftestCommand(program);
compareCommand(program);
probeCommand(program);
runCommand(program);
reportCommand(program);
poolCommand(program);
demoCommand(program);
completeCommand(program);

// `wireverbs dissect x | head` closes the pipe early; that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  throw error;
});

try {
  await program.parseAsync(withForm(process.argv));
} catch (error) {
  process.exitCode = exitCode(error);
}

function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const words = explain(error);
  if (words === undefined) {
    const trace = error instanceof Error ? error.stack : String(error);
    remark(`wireverbs: this is a bug of wireverbs, please report it:\n${trace}`);
    return 3;
  }
  remark(`wireverbs: ${words}`);
  return 2;
}

/** `--hex FILE` means `--hex` and then the file: only the two words that --hex knows belong to it. */
function withForm(args: readonly string[]): readonly string[] {
  if (args[2] !== 'dissect') return args;
  return args.map((arg, i) => {
    const next = args[i + 1];
    return arg === '--hex' && next !== 'rows' && next !== 'fields' ? '--hex=rows' : arg;
  });
}
