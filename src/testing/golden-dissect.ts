// Golden frames through our own dissector: with what a connection would have told, and what is wrong with
// them in the words of the golden files.

import {
  check,
  type Dissection,
  type DissectOptions,
  describeMalformed,
  dissect,
  type Malformed,
  protocolByKey,
} from '../../protocols/index.js';
import type { GoldenFrame, Inside, Wrong } from './golden-file.js';

/** The options with which `dissect` sees in a golden frame what the set says of it. */
export function goldenOptions(
  frame: Pick<GoldenFrame, 'linkType' | 'fcs' | 'inside'>,
): DissectOptions {
  return { linkType: frame.linkType, fcs: frame.fcs, ...contextOf(frame.inside) };
}

function contextOf({ protocol, queue, result, data }: Inside): DissectOptions {
  if (protocol === undefined) return {};
  const form = (key: string) => protocolByKey.get(key);
  const first = form(protocol);
  const nvme = {
    ...(queue === undefined ? {} : { queue }),
    ...(result === undefined ? {} : { resultOf: () => form(result) }),
    ...(data === undefined ? {} : { dataOf: () => form(data) }),
  };
  return { tcpPayload: () => first, rdmaPayload: () => first, nvme };
}

/** Dissects `bytes` (the frame's own unless given) as the frame's. */
export const dissectGolden = (
  frame: Pick<GoldenFrame, 'linkType' | 'fcs' | 'inside' | 'bytes'>,
  bytes = frame.bytes,
): Dissection => dissect(bytes, goldenOptions(frame));

/** What is wrong with a dissected frame, in the words of the golden files. */
export function wrongOf(frame: Dissection): Wrong[] {
  const { verified, findings } = check(frame);
  const kinds = new Map(
    verified.filter((v) => !v.ok).map((v) => [`${v.layer}.${v.field} ${v.at}`, v.kind as string]),
  );
  const stop = frame.stop && describeMalformed(frame.stop);
  const all = findings.map(({ layer, field, at, message }): Wrong => {
    const where = placeOf({ layer, field });
    if (frame.stop && message === stop) return { kind: `stop ${frame.stop.code}`, where };
    return { kind: kinds.get(`${where} ${at}`) ?? 'rule', where };
  });
  return all.filter(
    (w, i) => !all.slice(0, i).some((o) => o.kind === w.kind && o.where === w.where),
  );
}

const placeOf = ({ layer, field }: Pick<Malformed, 'layer' | 'field'>): string =>
  field === '' ? layer : `${layer}.${field}`;
