// `dissect --fields`: chosen fields, a line a frame. Several values of one frame are joined by commas, missing
// ones are empty.

import { didYouMean } from '../../protocols/core/suggest.js';
import { formatValue, protocols } from '../../protocols/index.js';
import type { CaptureRecord } from '../../protocols/pcap/index.js';
import { allLayers, type Inspected } from '../inspect/index.js';
import { UsageError } from './failure.js';
import type { Output } from './output.js';
import { type Clock, exactTime, type Show } from './view.js';

type Reader = (frame: Inspected, record: CaptureRecord) => readonly string[];

/** What the capture says of a frame; text pasted as hex has no times. */
const aboutFrames: Readonly<
  Record<string, (frame: Inspected, record: CaptureRecord, clock: Clock) => string>
> = {
  'frame.number': (frame) => String(frame.number),
  'frame.len': (_, record) => String(record.originalLength),
  'frame.cap_len': (_, record) => String(record.end - record.at),
  'frame.time': (_, record) => (record.timed ? exactTime(record) : ''),
  'frame.time_epoch': (_, record) => (record.timed ? exactTime(record) : ''),
  'frame.time_relative': (_, record, clock) => (record.timed ? clock.since(record).toFixed(9) : ''),
};

/** All names that --fields takes, without tshark's. */
export function* fieldNames(): Generator<string> {
  yield* Object.keys(aboutFrames);
  for (const p of protocols) for (const s of p.header.spans) yield `${p.key}.${s.name}`;
}

export function fieldsView(list: string, json: boolean, output: Output, clock: Clock): Show {
  const names = list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length === 0) throw new UsageError(`--fields: expected names, found '${list}'`);
  const readers = names.map((name) => fieldReader(name, clock));
  if (!json) output.line(names.join('\t'));
  return (frame, record) => {
    const values = readers.map((read) => read(frame, record));
    if (!json) return output.line(values.map((list) => list.join(',')).join('\t'));
    output.line(JSON.stringify(Object.fromEntries(names.map((name, i) => [name, values[i]]))));
  };
}

function fieldReader(name: string, clock: Clock): Reader {
  const about = aboutFrames[name];
  if (about) {
    return (frame, record) => {
      const value = about(frame, record, clock);
      return value === '' ? [] : [value];
    };
  }
  const places = protocols.flatMap((p) =>
    p.header.spans
      .filter((s) => name === `${p.key}.${s.name}` || name === s.field.alias)
      .map((span) => ({ protocol: p, span })),
  );
  if (places.length === 0) throw new UsageError(unknownField(name));
  return (frame) => {
    const values: string[] = [];
    for (const layer of allLayers(frame)) {
      for (const { protocol, span } of places) {
        if (layer.protocol === protocol) values.push(formatValue(span.field, layer.get(span.name)));
      }
    }
    return values;
  };
}

function unknownField(name: string): string {
  const layer = protocols.find((p) => p.key === name);
  if (layer) {
    const first = layer.header.spans[0]?.name ?? '';
    return `'${name}' is a layer: name one of its fields, such as ${name}.${first}`;
  }
  return `there is no field '${name}'${didYouMean(name, fieldNames())} ('wireverbs header' lists layers)`;
}
