// tshark judges the frames of IP and ICMP that we build: it finds every checksum good and nothing malformed, and
// where it shows a field as often as we do, it shows the same value.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Frame, formatHex } from '../../protocols/index.js';
import { PcapWriter } from '../../protocols/pcap/index.js';
import { icmpFrames } from '../protocols/icmp/frames.js';
import { ipFrames } from '../protocols/ip/frames.js';
import { assert, spec } from '../support/spec.js';
import { dissectByTshark, noTshark, type PdmlField, type PdmlFrame } from '../support/tshark.js';
import { shownIn } from './tshark-holes.js';

const frames = Object.entries({ ...ipFrames, ...icmpFrames }).map(
  ([name, [, frame]]) => [name, frame] as const,
);

/** Each packet by itself, whatever it is a part of. */
const options = [
  'ip.check_checksum:TRUE',
  'udp.check_checksum:TRUE',
  'ip.defragment:FALSE',
  'ipv6.defragment:FALSE',
].flatMap((option) => ['-o', option]);

async function judged(): Promise<PdmlFrame[]> {
  const folder = mkdtempSync(join(tmpdir(), 'wireverbs-'));
  try {
    const path = join(folder, 'built.pcap');
    const writer = new PcapWriter();
    for (const [, { bytes }] of frames) writer.packet({ bytes, seconds: 0, nanoseconds: 0 });
    writeFileSync(path, writer.take());
    const found: PdmlFrame[] = [];
    await dissectByTshark(
      path,
      () => true,
      (frame) => found.push(frame),
      options,
    );
    return found;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Where tshark shows something else under a name of ours. */
const others: Readonly<Record<string, string>> = {
  'ip.dst': 'it shows the last address of a source route',
};
/** It takes what pads an option to 8 bytes for an error (tshark 4.0; RFC 4861 4.6.3 wants it). */
const complaints: Readonly<Record<string, readonly string[]>> = {
  'a redirect of IPv6': ['icmpv6.unknown_data.expert'],
};

const GOOD = '1';
const BAD = '0';

function findsFault(name: string, { fields }: PdmlFrame): string[] {
  const allowed = complaints[name] ?? [];
  return fields
    .filter(
      (field) =>
        (field.name.endsWith('checksum.status') && field.show === BAD) ||
        /malformed|invalid|bogus|unknown_data\.expert/.test(field.name),
    )
    .map((field) => `${field.name} ${field.show}`)
    .filter((fault) => !allowed.some((known) => fault.startsWith(known)));
}

function differences({ layers }: Frame, shown: PdmlFrame): string[] {
  const theirs = new Map<string, PdmlField[]>();
  for (const field of shown.fields) {
    const list = theirs.get(field.name);
    if (list) list.push(field);
    else theirs.set(field.name, [field]);
  }
  const mine = new Map<string, (readonly [string, string])[]>();
  for (const layer of layers) {
    for (const span of layer.protocol.header.spans) {
      const { alias, kind } = span.field;
      if (alias === undefined || others[alias] !== undefined) continue;
      const value = layer.get(span.name);
      const [from, to] = layer.range(span);
      const text = kind === 'uint' ? BigInt(value as number).toString(16) : '';
      mine.set(alias, [...(mine.get(alias) ?? []), [text, formatHex(layer.bytes, '', from, to)]]);
    }
  }
  const wrong: string[] = [];
  for (const [alias, list] of mine) {
    const fields = theirs.get(alias) ?? [];
    if (fields.length !== list.length) continue;
    fields.forEach((field, i) => {
      const [number, bytes] = list[i]!;
      const unit = shownIn[alias];
      const theirNumber =
        unit === undefined
          ? BigInt(`0x${field.value.slice(0, 16) || 0}`).toString(16)
          : (BigInt(field.show) / BigInt(unit)).toString(16);
      if (number === theirNumber || bytes === field.value) return;
      wrong.push(`${alias}: ours ${number || bytes}, tshark's ${field.value} (${field.show})`);
    });
  }
  return wrong;
}

spec('tshark judges IP and ICMP frames that we build', (it) => {
  it.where(noTshark === '', noTshark, 'and finds no fault, and the same values', async () => {
    const found = await judged();
    assert.is(found.length, frames.length);
    let good = 0;
    const wrong = frames.flatMap(([name, frame], i) => {
      good += found[i]!.fields.filter(
        ({ name: field, show }) => field.endsWith('checksum.status') && show === GOOD,
      ).length;
      return [...findsFault(name, found[i]!), ...differences(frame, found[i]!)].map(
        (what) => `${name}: ${what}`,
      );
    });
    assert.is(wrong.join('\n'), '');
    assert.ok(good > 100, `${good} checksums are good`);
  });
});
