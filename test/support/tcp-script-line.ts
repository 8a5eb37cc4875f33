// The text form of TCP scripts, in the manner of packetdrill: one line, one event. What a line may say is in
// test/src/tcp/scripts/README.md.

export interface SegmentLine {
  /** 'S', 'F', 'P', 'R', 'U', 'E' (ECE), 'W' (CWR), '.' (ACK), in any order. */
  readonly flags: string;
  readonly seq: number;
  readonly length: number;
  readonly ack: number | undefined;
  readonly window: number | undefined;
  readonly urgent: number | undefined;
  /** IP's ECN field. */
  readonly ecn: number | undefined;
  /** The peer's port, where there is more than one peer. */
  readonly port: number | undefined;
  /** As they are written, without spaces; undefined where none are named. */
  readonly options: readonly string[] | undefined;
  /** 'fragments' and the like. */
  readonly how: readonly string[];
}

export interface Line {
  readonly number: number;
  readonly text: string;
  /** Seconds after the event before. */
  readonly wait: number;
  /** It may come so many seconds earlier or later. */
  readonly tolerance: number;
  readonly command: string;
  readonly words: readonly string[];
  readonly segment: SegmentLine | undefined;
}

export interface Script {
  readonly title: string;
  readonly lines: readonly Line[];
}

const ECN: Readonly<Record<string, number>> = { ect0: 2, ect1: 1, ce: 3, none: 0 };
/** Events come when they are due, to the millisecond. */
const TOLERANCE = 0.0005;

/** Reads a file of scripts: each begins with '== title'. @throws RangeError that names the line */
export function parseScripts(text: string): Script[] {
  const scripts: { title: string; lines: Line[] }[] = [];
  text.split('\n').forEach((raw, i) => {
    const line = raw.replace(/(^|\s)#.*$/, '').trim();
    if (line === '') return;
    if (line.startsWith('== ')) scripts.push({ title: line.slice(3), lines: [] });
    else if (scripts.length === 0) throw new RangeError(`line ${i + 1} stands before any title`);
    else scripts.at(-1)!.lines.push(parseLine(line, i + 1));
  });
  return scripts;
}

function parseLine(text: string, number: number): Line {
  const time = /^\+([\d.]+)(?:~([\d.]+))?\s+/.exec(text);
  const rest = time ? text.slice(time[0].length) : text;
  const [command, ...words] = rest.split(/\s+/) as [string, ...string[]];
  const isSegment = command === '<' || command === '>';
  return {
    number,
    text,
    wait: time ? Number(time[1]) : 0,
    tolerance: time?.[2] ? Number(time[2]) : TOLERANCE,
    command,
    words,
    segment: isSegment ? parseSegment(rest.slice(1).trim(), number) : undefined,
  };
}

function parseSegment(text: string, number: number): SegmentLine {
  const match = /^([SFPRUEW.]+) (-?\d+):(-?\d+)\((\d+)\)\s*([^<]*)(?:<(.*)>)?(.*)$/.exec(text);
  if (!match) throw new RangeError(`line ${number} is no segment: ${text}`);
  const [, flags, seq, end, length, middle, options, tail] = match;
  if (Number(end) - Number(seq) !== Number(length)) {
    throw new RangeError(`line ${number}: ${seq}:${end} is not ${length} bytes`);
  }
  const words = `${middle} ${tail}`.trim().split(/\s+/);
  const after = (name: string) => {
    const at = words.indexOf(name);
    return at < 0 ? undefined : words[at + 1]!;
  };
  const numberAfter = (name: string) => {
    const word = after(name);
    return word === undefined ? undefined : Number(word);
  };
  const ecn = after('ecn');
  return {
    flags: flags!,
    seq: Number(seq),
    length: Number(length),
    ack: numberAfter('ack'),
    window: numberAfter('win'),
    urgent: numberAfter('urg'),
    ecn: ecn === undefined ? undefined : ECN[ecn]!,
    port: numberAfter('port'),
    options:
      options === undefined
        ? undefined
        : options
            .split(',')
            .map((o) => o.trim())
            .filter((o) => o !== ''),
    how: words,
  };
}
