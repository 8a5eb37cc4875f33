// The golden set as files that any language can read: JSON with all there is, pcapng for tools, plain hex for
// test benches.

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  check,
  describeMalformed,
  formatHex,
  type JsonLayer,
  jsonFrame,
} from '../../protocols/index.js';
import { PcapngWriter } from '../../protocols/pcap/index.js';
import {
  dissectGolden,
  type GoldenFrame,
  goldenFrames,
  type Inside,
  type Wrong,
} from '../testing/index.js';
import { UsageError } from './failure.js';

/** A golden frame as plain data. */
export interface GoldenData {
  readonly name: string;
  readonly title: string;
  readonly remarks: readonly string[];
  readonly linkType: number;
  readonly fcs: boolean;
  readonly inside: Inside;
  readonly verdict: 'good' | 'bad';
  /** What is wrong, each with the checker's words. */
  readonly wrong: readonly (Wrong & { readonly message: string })[];
  readonly source: GoldenFrame['source'];
  readonly judges: readonly string[];
  readonly build: string;
  readonly hex: string;
  readonly layers: readonly JsonLayer[];
}

export function goldenData(frame: GoldenFrame): GoldenData {
  const { name, title, remarks, linkType, fcs, inside, verdict, source, judges, build } = frame;
  const seen = dissectGolden(frame);
  const { findings } = check(seen);
  const stop = seen.stop ? describeMalformed(seen.stop) : '';
  const wrong = frame.wrong.map((w) => {
    const here = findings.filter((f) => w.where === (f.field ? `${f.layer}.${f.field}` : f.layer));
    const message = here.find((f) => f.message !== stop)?.message ?? '';
    return { ...w, message: w.kind.startsWith('stop ') ? stop : message };
  });
  const { layers } = jsonFrame(seen);
  const hex = formatHex(frame.bytes);
  return {
    name,
    title,
    remarks,
    linkType,
    fcs,
    inside,
    verdict,
    wrong,
    source,
    judges,
    build,
    hex,
    layers,
  };
}

/** Link types for which there are capture files; what else there is goes into JSON and hex alone. */
const linkNames: Readonly<Record<number, string>> = {
  0: 'bsd-null',
  1: 'ethernet',
  108: 'bsd-loop',
  113: 'linux-sll',
  247: 'infiniband',
  276: 'linux-sll2',
};

/** Writes everything. @throws UsageError when the directory has something in it and `force` is not given */
export function exportGolden(folder: string, force: boolean): { frames: number; files: string[] } {
  mkdirSync(folder, { recursive: true });
  const there = readdirSync(folder).length;
  if (there > 0 && !force) {
    throw new UsageError(
      `${folder} is not empty (${there} entries); --force writes into it anyway`,
    );
  }
  const frames = goldenFrames();
  const files = ['golden.json', 'README.txt'];
  const write = (file: string, data: string | Uint8Array) =>
    writeFileSync(join(folder, file), data);
  write('golden.json', `${JSON.stringify(frames.map(goldenData), null, 1)}\n`);
  write('README.txt', readme);
  for (const [linkType, name] of Object.entries(linkNames)) {
    const file = `golden-${name}.pcapng`;
    write(file, capture(frames, Number(linkType)));
    files.push(file);
  }
  for (const frame of frames) write(`${frame.name}.hex`, `${formatHex(frame.bytes)}\n`);
  files.push(`${frames.length} files NAME.hex`);
  return { frames: frames.length, files };
}

/** The frames of a link type; interface 0 has those without FCS, interface 1 those with it. */
function capture(frames: readonly GoldenFrame[], linkType: number): Uint8Array {
  const writer = new PcapngWriter({ application: 'wireverbs golden export' });
  writer.interface({ linkType, name: 'golden' });
  writer.interface({ linkType, name: 'golden with FCS', fcsLength: 4 });
  let seconds = 0;
  for (const frame of frames) {
    if (frame.linkType !== linkType) continue;
    const wrong = frame.wrong.map(({ kind, where }) => `${kind} ${where}`).join(', ');
    const verdict = frame.verdict === 'good' ? 'good' : `bad: ${wrong}`;
    writer.packet({
      bytes: frame.bytes,
      interfaceId: frame.fcs ? 1 : 0,
      seconds: seconds++,
      comments: [`${frame.name} (${verdict}). ${frame.title}`],
    });
  }
  return writer.take();
}

const readme = `The golden set of wireverbs: frames to test implementations of RDMA and its networks against.

golden.json             an array, one object a frame:
  name, title, remarks
  linkType              1 Ethernet, 247 InfiniBand (from LRH to VCRC), 65783 InfiniBand link flow-control packet,
                        113 and 276 Linux cooked captures, 0 and 108 BSD loopbacks
  fcs                   true where the last four bytes are the Ethernet FCS
  inside                what is not in the frame itself: the protocol in a TCP segment or on a queue pair, the NVMe
                        queue, the form of an NVMe result or of its data
  verdict               "good", or "bad" with what is wrong:
  wrong                 kind ("checksum", "length", "count": the field does not follow from the frame; "rule": another
                        rule of the protocol; "stop CODE": it cannot be dissected beyond here), where (layer.field)
                        and a message
  source                kind and words. "capture": sent by a real peer; "published": printed in a standard or a vector of
                        another project; "snapshot": built by wireverbs; "changed": another frame with one thing changed
  judges                who else says that the bytes are right
  build                 the expression that builds it (wireverbs build EXPR), or ""
  hex                   the frame
  layers                layer, at (offset), size, fields (numbers; text for addresses, 64-bit numbers and names in
                        quotes; hex for byte strings), names of values that have one
golden-ethernet.pcapng  the frames of link type 1, each with its name and verdict as a comment; those with FCS are on
                        interface 1
golden-infiniband.pcapng  the same for link type 247
NAME.hex                one frame: hex digits and a newline
`;
