// The other tools: how each is made ready, and the command that reads a capture with it. Programs for libtins and
// gopacket stand beside this file and are compiled into the folder of the run.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Peer {
  readonly name: string;
  readonly does: string;
  /** Debian packages that it needs. */
  readonly debian: string;
  /** True: reads only a part of the capture. */
  readonly slow?: boolean;
  /** The command, by input; undefined where it is not installed. `folder` is for what has to be compiled. */
  prepare(folder: string): ((input: string) => readonly string[]) | undefined;
}

/** Sources are not compiled into dist/. */
const source = (name: string): string =>
  fileURLToPath(new URL(`../../../bench/peers/${name}`, import.meta.url));

const works = (file: string, ...args: string[]): boolean =>
  spawnSync(file, args, { stdio: 'ignore' }).status === 0;

const bthFields = ['opcode', 'p_key', 'destqp', 'psn'].flatMap((name) => [
  '-e',
  `infiniband.bth.${name}`,
]);

/** Where Debian puts the sources of Go libraries. */
const GO_PATH = '/usr/share/gocode';

/** gopacket's program in one of its two modes. */
const gopacket = (mode: 'packets' | 'parser', does: string): Peer => ({
  name: `gopacket, ${mode}`,
  does,
  debian: 'golang-go golang-github-google-gopacket-dev golang-golang-x-{net,sys}-dev',
  prepare(folder) {
    if (!existsSync(join(GO_PATH, 'src/github.com/google/gopacket'))) return undefined;
    const program = join(folder, 'gopacket');
    const go = {
      GOPATH: GO_PATH,
      GO111MODULE: 'off',
      GOFLAGS: '',
      GOCACHE: join(folder, 'go-cache'),
    };
    const env = { ...process.env, ...go };
    const args = ['build', '-o', program, source('gopacket.go')];
    const made = spawnSync('go', args, { env, stdio: 'ignore' }).status === 0;
    return made ? (input) => [program, input, mode] : undefined;
  },
});

export const peers: readonly Peer[] = [
  {
    name: 'tshark -T fields',
    does: 'four fields of BTH a line; verifies no ICRC',
    debian: 'tshark',
    prepare: () =>
      works('tshark', '--version')
        ? (input) => ['tshark', '-n', '-r', input, '-T', 'fields', ...bthFields]
        : undefined,
  },
  {
    name: 'tshark',
    does: 'a line a frame',
    debian: 'tshark',
    prepare: () =>
      works('tshark', '--version') ? (input) => ['tshark', '-n', '-r', input] : undefined,
  },
  {
    name: 'libtins',
    does: 'Ethernet, IPv4, UDP; BTH is payload',
    debian: 'libtins-dev libpcap-dev g++',
    prepare(folder) {
      const program = join(folder, 'libtins');
      const made = works('g++', '-O2', '-o', program, source('libtins.cpp'), '-ltins', '-lpcap');
      return made ? (input) => [program, input] : undefined;
    },
  },
  gopacket('packets', 'Ethernet, IPv4, UDP; BTH is payload'),
  gopacket('parser', 'the same into one set of layers; keeps none'),
  {
    name: 'scapy',
    does: 'RoCE v2 in Python; a part of the capture',
    debian: 'python3-scapy',
    slow: true,
    prepare() {
      // Where another Python comes first, Debian's has Debian's packages.
      const python = ['python3', '/usr/bin/python3'].find((name) =>
        works(name, '-c', 'import scapy.contrib.roce'),
      );
      return python === undefined ? undefined : (input) => [python, source('scapy-read.py'), input];
    },
  },
];
