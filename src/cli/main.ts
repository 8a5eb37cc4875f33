#!/usr/bin/env node
// The command line: one file a command; this one puts them together and ends the process.

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { inlineMore } from './engine.js';
import { explain } from './failure.js';
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

/** Only the command that is named is loaded: all together take longer than most of them run. Help lists them in this order. */
const commands: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  dissect: async () => (await import('./dissect.js')).dissectCommand,
  build: async () => (await import('./build.js')).buildCommand,
  check: async () => (await import('./check.js')).checkCommand,
  header: async () => (await import('./header.js')).headerCommand,
  golden: async () => (await import('./golden.js')).goldenCommand,
  live: async () => (await import('./live.js')).liveCommand,
  perftest: async () => (await import('./perftest.js')).perftestCommand,
  compare: async () => (await import('./compare.js')).compareCommand,
  probe: async () => (await import('./probe.js')).probeCommand,
  run: async () => (await import('./run.js')).runCommand,
  report: async () => (await import('./report.js')).reportCommand,
  pool: async () => (await import('./pool.js')).poolCommand,
  demo: async () => (await import('./demo.js')).demoCommand,
  complete: async () => (await import('./completion.js')).completeCommand,
};
for (const name of wanted(process.argv[2] ?? '')) (await commands[name]!())(program);

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

function wanted(named: string): readonly string[] {
  if (named === '--version' || named === '-V') return [];
  const all = Object.keys(commands);
  // Completion asks all of them what they take.
  return named !== 'complete' && all.includes(named) ? [named] : all;
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
