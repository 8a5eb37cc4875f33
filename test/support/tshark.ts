// tshark as an outside judge: whether it is there, and what it makes of a capture, frame by frame, as PDML. PDML is
// read line by line while tshark writes it: one line holds one field, and all of it would be gigabytes.

import { execFileSync, spawn, spawnSync } from 'node:child_process';

/** The release whose field names our aliases are. */
export const TSHARK_RELEASE = '4.0';

/**
 * Guesses that are wrong for these captures: short SENDs are taken for RPC over RDMA and called malformed, and the
 * like. Without them tshark says what it knows, not what it suspects.
 */
const GUESSES = [
  'rpcrdma_infiniband',
  'rpcrdma_iwarp',
  'smb_direct_infiniband',
  'smb_direct_iwarp',
  'lnet_ib',
  'iser_infiniband',
  'sdp_infiniband',
  'smcr_infiniband',
  'fc_infiniband',
  'eth_over_ib',
];

/** How each field of PDML begins. */
const FIELD = '<field name="';

const judge = spawnSync('tshark', ['--version'], { encoding: 'utf8' });

/** Why tshark cannot judge here; '' where it can. */
export const noTshark =
  judge.status !== 0
    ? 'tshark is not installed'
    : judge.stdout.includes(` ${TSHARK_RELEASE}.`)
      ? ''
      : `tshark is not ${TSHARK_RELEASE}, whose field names and holes we know`;

/** One field as tshark shows it. */
export interface PdmlField {
  readonly name: string;
  /** Offset in the frame, or in what tshark put together from several. */
  readonly pos: number;
  readonly size: number;
  /** The field's bytes in hex, or its number in hex where `masked`; '' where it covers none. */
  readonly value: string;
  /** The field is some bits of its bytes, and `value` those alone. */
  readonly masked: boolean;
  /** The value as tshark prints it. */
  readonly show: string;
}

export interface PdmlFrame {
  /** Counts from 1. */
  readonly number: number;
  /** In the order of tshark's tree. Fields without a name (headings) are left out. */
  readonly fields: readonly PdmlField[];
}

/** Runs tshark over a capture file and hands over frame after frame. @throws Error when tshark fails */
export async function dissectByTshark(
  path: string,
  wanted: (name: string) => boolean,
  each: (frame: PdmlFrame) => void,
  options: readonly string[] = [],
): Promise<void> {
  const off = GUESSES.flatMap((guess) => ['--disable-heuristic', guess]);
  const child = spawn('tshark', ['-n', '-r', path, '-T', 'pdml', ...off, ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaint = '';
  child.stderr.on('data', (data) => {
    complaint += data;
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const pdml = new Pdml(wanted, each);
  child.stdout.setEncoding('utf8');
  for await (const text of child.stdout) pdml.push(text as string);
  if ((await ended) !== 0) throw new Error(`tshark failed on ${path}: ${complaint}`);
}

/** Numbers of the frames that tshark calls malformed. @throws Error when it cannot read the capture */
export function malformedFrames(path: string): number[] {
  const off = GUESSES.flatMap((guess) => ['--disable-heuristic', guess]);
  const only = ['-Y', '_ws.malformed', '-T', 'fields', '-e', 'frame.number'];
  const found = execFileSync('tshark', ['-n', '-r', path, ...off, ...only], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return found.split('\n').filter(Boolean).map(Number);
}

/** Cuts PDML into lines and gathers the fields of each packet. */
class Pdml {
  readonly #wanted: (name: string) => boolean;
  readonly #each: (frame: PdmlFrame) => void;
  readonly #interest = new Map<string, boolean>();
  #fields: PdmlField[] = [];
  #number = 0;
  #rest = '';

  constructor(wanted: (name: string) => boolean, each: (frame: PdmlFrame) => void) {
    this.#wanted = wanted;
    this.#each = each;
  }

  push(text: string): void {
    const all = this.#rest + text;
    let from = 0;
    for (let end = all.indexOf('\n'); end >= 0; end = all.indexOf('\n', from)) {
      this.#line(all, from, end);
      from = end + 1;
    }
    this.#rest = all.slice(from);
  }

  #line(text: string, from: number, end: number): void {
    let at = from;
    while (text[at] === ' ') at++;
    if (text.startsWith(FIELD, at)) {
      const nameAt = at + FIELD.length;
      const name = text.slice(nameAt, text.indexOf('"', nameAt));
      let want = this.#interest.get(name);
      if (want === undefined) {
        want = name !== '' && this.#wanted(name);
        this.#interest.set(name, want);
      }
      if (want) this.#fields.push(readField(name, text.slice(at, end)));
    } else if (text.startsWith('</packet>', at)) {
      this.#each({ number: ++this.#number, fields: this.#fields });
      this.#fields = [];
    }
  }
}

function readField(name: string, line: string): PdmlField {
  return {
    name,
    pos: Number(attribute(line, 'pos')),
    size: Number(attribute(line, 'size')),
    value: attribute(line, 'value').toLowerCase(),
    masked: line.includes(' unmaskedvalue="'),
    show: attribute(line, 'show'),
  };
}

/** The last attribute of that name: what people see (showname) stands in front and is escaped. */
function attribute(line: string, name: string): string {
  const at = line.lastIndexOf(` ${name}="`);
  if (at < 0) return '';
  const from = at + name.length + 3;
  return line.slice(from, line.indexOf('"', from));
}

/** The names of every field that this tshark knows. */
export function tsharkFieldNames(): Set<string> {
  const { stdout } = spawnSync('tshark', ['-G', 'fields'], {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  const names = new Set<string>();
  for (const line of stdout.split('\n')) {
    if (line.startsWith('F\t')) names.add(line.split('\t', 3)[2]!);
  }
  return names;
}
