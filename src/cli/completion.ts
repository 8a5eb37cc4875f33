// Shell completion: `wireverbs complete SHELL` writes the script that asks us, `wireverbs complete -- WORDS` answers.
// Commands and options come from the commands themselves; this file knows what their values are.

import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import { type Protocol, protocolByKey, protocols } from '../../protocols/index.js';
import { filterNames } from '../../protocols/text/filter.js';
import { testNames, transports, wires } from '../apps/perftest/parameters.js';
import { probeNames } from '../apps/probe/parameters.js';
import { goldenFrames } from '../testing/index.js';
import { fieldNames } from './field-view.js';

/** A value and what it is; the shells that can show it do. */
type Offer = readonly [value: string, about: string];

type Root = ReturnType<typeof tab>;

/** What the shell does beside our answers, as the scripts of the library know it. */
const DEFAULT = 0;
const NO_FILES = 4;

const examples = `
Examples:
  source <(wireverbs complete bash)        # in ~/.bashrc; needs the package bash-completion
  source <(wireverbs complete zsh)         # in ~/.zshrc
  wireverbs complete fish > ~/.config/fish/completions/wireverbs.fish
  wireverbs complete powershell >> $PROFILE
`;

export function completeCommand(program: Command): void {
  const root = tab(program);
  const command = program.commands.find((c) => c.name() === 'complete');
  command?.description('write the completion script of a shell').addHelpText('after', examples);
  offerFiles(root);
  offer(root, 'header', 'name', layersAndFamilies);
  offer(root, 'golden show', 'name', function* () {
    for (const frame of goldenFrames()) yield [frame.name, frame.title];
  });
  offerFor(root, 'dissect', 'layer', layersAndFamilies);
  offerFor(root, 'golden list', 'layer', layers);
  offerFor(root, 'dissect', 'fields', () => afterComma(fieldNames()));
  offerFor(root, 'dissect', 'filter', function* () {
    for (const name of filterNames(protocols)) yield [name, ''];
  });
  offerFor(root, 'build', 'seal', sealings);
  const words = (list: readonly string[]): Offer[] => list.map((word) => [word, '']);
  offer(root, 'perftest', 'test', () => words(testNames));
  offerFor(root, 'perftest', 'wire', () => words(wires));
  offer(root, 'probe', 'what', () => words(probeNames));
  offerFor(root, 'perftest', 'qp-type', () => words(transports));
}

/** The library always tells the shell that no files may stand there; for captures they may. */
function offerFiles(root: Root): void {
  let files = false;
  Object.defineProperty(root, 'directive', {
    get: () => (files ? DEFAULT : NO_FILES),
    set: () => {},
  });
  const expect = () => {
    files = true;
  };
  for (const command of ['dissect', 'check']) handleArgument(root, command, 'input', expect);
  handleArgument(root, 'golden export', 'dir', expect);
  handleArgument(root, 'run', 'file', expect);
  handleOption(root, 'run', 'pcap', expect);
  handleOption(root, 'build', 'output', expect);
  for (const option of ['topology', 'pcap']) handleOption(root, 'perftest', option, expect);
  const { setup } = root;
  root.setup = (name, executable, shell) => {
    setup.call(root, name, executable, shell);
    // The script's own registration never falls back to files.
    if (shell === 'bash') console.log(`complete -o default -F __${name}_complete ${name}`);
  };
}

function* layers(): Generator<Offer> {
  for (const p of protocols) yield [p.key, p.header.title];
}

function* layersAndFamilies(): Generator<Offer> {
  yield* layers();
  const families = new Set(protocols.map((p: Protocol) => p.header.family));
  for (const family of families) {
    if (!protocolByKey.has(family)) yield [family, `the family ${family}`];
  }
}

/** Completes the last of the names that are parted by commas. */
function* afterComma(names: Iterable<string>): Generator<Offer> {
  const word = process.argv.at(-1) ?? '';
  const given = word.slice(0, word.lastIndexOf(',') + 1);
  for (const name of names) yield [given + name, ''];
}

function* sealings(): Generator<Offer> {
  const kinds = ['checksum', 'length', 'count', 'type'];
  const fields = protocols.flatMap((p) => Object.keys(p.derive).map((name) => `${p.key}.${name}`));
  for (const name of [...kinds, ...fields]) yield [`${name}=spoil`, 'make it wrong'];
}

type Offers = () => Iterable<Offer>;
type Complete = (value: string, about: string) => void;

const each = (offers: Offers) => (complete: Complete) => {
  for (const [value, about] of offers()) complete(value, about);
};

const offer = (root: Root, command: string, name: string, offers: Offers): void =>
  handleArgument(root, command, name, each(offers));

const offerFor = (root: Root, command: string, name: string, offers: Offers): void =>
  handleOption(root, command, name, each(offers));

type Handler = (complete: Complete) => void;

function handleArgument(root: Root, command: string, name: string, handler: Handler): void {
  const argument = root.commands.get(command)?.arguments.get(name);
  if (!argument) throw new Error(`there is no argument <${name}> of '${command}' to complete`);
  argument.handler = handler;
}

function handleOption(root: Root, command: string, name: string, handler: Handler): void {
  const option = root.commands.get(command)?.options.get(name);
  if (!option) throw new Error(`there is no option --${name} of '${command}' to complete`);
  option.handler = handler;
}
