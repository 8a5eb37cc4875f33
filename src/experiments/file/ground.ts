// What a combination stands on, looked at before anything runs: transports that no such fabric carries, and faults that name
// nobody.

import { type PathName, pathTitles } from '../../apps/compare/index.js';
import type { WireName } from '../../apps/perftest/index.js';
import { type FaultText, spoil } from '../../scenario/fault-text.js';
import { kindOf, Lab, type LabOptions } from '../../scenario/lab.js';
import { at, PlaceError } from './place.js';
import type { PointText } from './text.js';

/** The wire of a transport: kernel TCP goes over the Ethernet of RoCE. */
export const wireOf = (transport: PathName): WireName =>
  transport === 'tcp' ? 'rocev2' : transport;

/** @throws PlaceError where no fabric of this kind carries the transport */
export function checkFabric(
  { fabric = {} }: PointText,
  transport: PathName,
  topology: NonNullable<LabOptions['topology']>,
): void {
  const kind = fabric.kind ?? kindOf(topology, wireOf(transport));
  const place = fabric.kind ? ['fabric', 'kind'] : ['fabric', 'topology'];
  const title = pathTitles[transport];
  if ((kind === 'infiniband') !== (transport === 'ib'))
    throw new PlaceError(
      place,
      transport === 'ib'
        ? `${title} has switches of its own: expected infiniband, found ${kind}`
        : `${title} runs over Ethernet: expected switched or routed, found ${kind}`,
    );
  if (kind === 'routed' && transport === 'rocev1')
    throw new PlaceError(
      place,
      `${title} has no IP header and cannot be routed: expected switched${fabric.kind ? '' : ', and what has loops needs routers'}; sweeps leave it out by 'except'`,
    );
}

/** Faults that were found right, by what they are and where. */
const known = new Set<string>();

/** @throws PlaceError with which of the faults says nothing or names nobody */
export function checkFaults(faults: readonly FaultText[], lab: LabOptions): void {
  const { topology, wire, kind } = lab;
  const key = JSON.stringify([topology, wire, kind, faults]);
  if (faults.length === 0 || known.has(key)) return;
  const tried = new Lab({
    ...(topology && { topology }),
    ...(wire && { wire }),
    ...(kind && { kind }),
    up: false,
  });
  faults.forEach((fault, i) => {
    at(['faults', i], () => spoil(tried, fault));
  });
  known.add(key);
}
