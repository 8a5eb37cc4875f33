// What a combination stands on, looked at before anything runs: transports that no such fabric carries, and faults that name
// nobody.

import { type PathName, pathTitles } from '../../apps/compare/index.js';
import type { WireName } from '../../apps/perftest/index.js';
import type { Topology } from '../../fabric/index.js';
import { type FaultText, spoil } from '../../scenario/fault-text.js';
import { kindOf, Lab, type LabOptions } from '../../scenario/lab.js';
import { at, PlaceError } from './place.js';
import type { PointText } from './text.js';

/** The wire of a transport: kernel TCP goes over the Ethernet of RoCE. */
export const wireOf = (transport: PathName): WireName =>
  transport === 'tcp' ? 'rocev2' : transport;

/**
 * Of what a file asks outright; to a sweep it is an answer that a fabric does not carry one of its transports.
 * @throws PlaceError where no fabric of this kind carries the transport
 */
export function checkFabric(
  { fabric = {}, transport = 'rocev2' }: PointText,
  topology: Topology,
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
      `${title} has no IP header and cannot be routed: expected ${fabric.kind ? 'switched' : 'no loops, which need routers'}`,
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
