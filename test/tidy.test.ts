// The rules of the project that a program can check: imports go one way, wire formats stay free of node, files
// have one subject, bit arithmetic stays where it belongs.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { presentReadme, protocolsReadme } from '../src/docs/protocols-readme.js';
import { assert, spec } from './support/spec.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

interface Source {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function sources(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => {
      const path = join(folder, name);
      const text = readFileSync(join(root, path), 'utf8');
      const found = text.matchAll(/^(?:import|export)[^'"]*?from '([^']+)'|^import '([^']+)'/gms);
      const imports = [...found].map((m) => {
        const target = (m[1] ?? m[2])!;
        return target.startsWith('.') ? normalize(join(dirname(path), target)) : target;
      });
      return { path, text, imports };
    });
}

const wire = sources('protocols');
const code = [...wire, ...sources('src')];
const everything = [...code, ...sources('bench'), ...sources('test')];

/** Lower layers first; a file may import from its own place and from what stands before it. */
const ORDER = [
  'protocols',
  'src/time',
  'src/memory',
  'src/frame',
  'src/cpu',
  'src/nic',
  'src/stack',
  'src/subnet',
  'src/tcp',
  'src/rdma',
  'src/iwarp',
  'src/kernel',
  'src/fabric',
  'src/host',
  'src/block',
  'src/nvme',
  'src/vm',
  'src/storage',
  'src/apps',
  'src/world',
  'src/scenario',
  'src/inspect',
  'src/capture',
  'src/testing',
  'src/experiments',
  'src/cli',
  'src/docs',
];
/** Hardware as data, which anybody may import; from elsewhere it imports types alone. */
const PROFILES = 'src/profiles/';
const rank = (path: string) => ORDER.findIndex((place) => path.startsWith(`${place}/`));

const complain = (problems: readonly string[]) => assert.is(problems.join('\n'), '');

spec('tidy', (it) => {
  it('imports go one way', () => {
    complain(
      code.flatMap((s) => {
        if (s.path.startsWith(PROFILES))
          return /^import (?!type )[^'"]*?'(?!\.\/)/m.test(s.text)
            ? [`${s.path} imports more than types`]
            : [];
        const own = rank(s.path);
        if (own < 0) return [`${s.path} lies in no known place`];
        return s.imports
          .filter((target) => rank(target) > own)
          .map((target) => `${s.path} imports ${target}, which stands above it`);
      }),
    );
  });

  it('the core of the wire formats imports nothing but itself and pure packages', () => {
    const pure = ['buffer-layout', 'crc-32', 'ip-num'];
    complain(
      wire
        .filter((s) => s.path.startsWith('protocols/core/'))
        .flatMap((s) =>
          s.imports
            .filter(
              (t) =>
                !t.startsWith('protocols/core/') &&
                !pure.some((p) => t === p || t.startsWith(`${p}/`)),
            )
            .map((t) => `${s.path} imports ${t}`),
        ),
    );
  });

  it('wire formats import nothing of node', () => {
    complain(
      wire.flatMap((s) =>
        s.imports.filter((t) => t.startsWith('node:')).map((t) => `${s.path}: ${t}`),
      ),
    );
  });

  it('buffer-layout and crc-32 are touched in one place each', () => {
    const owners: Record<string, string> = {
      'buffer-layout': 'protocols/core/layout.ts',
      'crc-32': 'protocols/core/checksum/',
    };
    complain(
      everything.flatMap((s) =>
        s.imports
          .map((t) => t.split('/')[0]!)
          .filter(
            (t) =>
              owners[t] !== undefined &&
              !s.path.startsWith(owners[t]!) &&
              !/^(bench|test)\//.test(s.path),
          )
          .map((t) => `${s.path} imports ${t}`),
      ),
    );
  });

  it('tests go through the wrapper, not to uvu', () => {
    complain(
      everything
        .filter(
          (s) => !s.path.startsWith('test/support/') && s.imports.some((t) => /^uvu\b/.test(t)),
        )
        .map((s) => s.path),
    );
  });

  it('files have one subject: at most 400 lines, tables exempt', () => {
    const isTable = (text: string) =>
      text
        .split('\n')
        .slice(0, 6)
        .some((line) => /\btables?\b/i.test(line));
    complain(
      everything
        .filter((s) => s.text.split('\n').length > 400 && !isTable(s.text))
        .map((s) => `${s.path}: ${s.text.split('\n').length} lines`),
    );
  });

  it('every file begins by saying what it is', () => {
    complain(
      everything
        .filter((s) => !/^(#!.*\n)?(\/\/|\/\*)/.test(s.text) && !s.path.endsWith('index.ts'))
        .map((s) => s.path),
    );
  });

  it('offsets, shifts and masks on bytes are typed nowhere but where they are the subject', () => {
    const allowed: Readonly<Record<string, string>> = {
      'protocols/core/accessor.ts': 'what header declarations become',
      'protocols/core/byte-order.ts': 'swaps bytes',
      'protocols/core/layout.ts': 'buffer-layout has no 64-bit numbers',
      'protocols/core/hex.ts': 'prints digits',
      'protocols/core/serial.ts': 'arithmetic on the circle',
      'protocols/core/checksum/': 'checksums are bit arithmetic',
      'protocols/show/hexdump.ts': 'draws single bits of any field',
      'protocols/pcap/timestamp.ts': 'joins two halves of a time',
      'protocols/pcap/pcapng-writer.ts': 'parts a time into halves',
      'src/time/': 'sets of bits and random numbers, no frames',
      'src/fabric/chance.ts': 'flips any bit of a frame',
      'src/memory/ledger.ts': 'rows of numbers, no frames',
      'src/tcp/keyed-hash.ts': 'a hash is bit arithmetic',
    };
    const places = Object.keys(allowed);
    const typed = [
      / & ~?(0x[0-9a-f]|[0-9])/, // masks
      /[\w)\]] (<<|>>>?) ([2-9]|[1-9]\d)/, // shifts by a number, unless of a number: 1 << 20 is a size
      /\bDataView\b/,
      /\[\s*(\w+\.)?at \+ \d/, // b[at + 3]
      /subarray\([^),]*\bat \+ \d/,
    ];
    const isTyped = (line: string) => {
      const bare = line.replace(/\/\/.*|^\s*\/?\*.*/, '').replaceAll(/\b\d+ << \d+/g, '');
      return typed.some((pattern) => pattern.test(bare));
    };
    complain(
      code
        .filter((s) => !places.some((place) => s.path.startsWith(place)))
        .flatMap((s) =>
          s.text
            .split('\n')
            .flatMap((line, i) => (isTyped(line) ? [`${s.path}:${i + 1}: ${line.trim()}`] : [])),
        ),
    );
    const used = (place: string) =>
      code.some((s) => s.path.startsWith(place) && s.text.split('\n').some(isTyped));
    assert.equal(
      places.filter((place) => !used(place)),
      [],
      'exceptions that nobody needs',
    );
    for (const line of [
      'v = b[at + 3]!',
      'x >>> 16',
      'y & 0x0f',
      'b.subarray(at + 12, end)',
      'b[layer.at + 1]',
    ])
      assert.ok(isTyped(line), line);
    for (const line of [
      '1 << 20',
      'Record<string, Record<number, string>>',
      '(a + b) >> 1',
      'at + size',
    ])
      assert.not.ok(isTyped(line), line);
  });

  it('no any and no silenced type errors', () => {
    const bad = /: any\b|\bas any\b|<any>|@ts-ignore|@ts-expect-error/;
    complain(
      everything
        .filter((s) => bad.test(s.text) && !/test\/(tidy|package|readme)\.test\.ts$/.test(s.path))
        .map((s) => s.path),
    );
  });

  it('every folder of the source says what lives there', () => {
    const folders = new Set(code.map((s) => dirname(s.path)));
    complain(
      [...folders]
        .filter((f) => !existsSync(join(root, f, 'README.md')))
        .map((f) => `${f}/README.md is missing`),
    );
  });

  it('protocols/README.md is what the declarations say (npm run docs)', () => {
    assert.ok(presentReadme() === protocolsReadme(), 'run npm run docs');
  });
});
