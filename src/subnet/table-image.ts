// What the manager knows of the forwarding tables of each switch, so that only blocks that differ are sent.

import { ATTRIBUTE, LINEAR_BLOCK, MASK_PORTS, MULTICAST_BLOCK, NO_PORT } from './constant.js';
import type { SmpRequest } from './smp.js';
import { MulticastForwardingTable } from './wire.js';

/** A block to be set; `confirmed` when the switch has taken it. */
export interface BlockRequest {
  readonly request: SmpRequest;
  confirmed(): void;
}

/** Bits 31 to 28 of the modifier say which sixteen ports (IBA 14.2.5.12). */
const POSITION = 2 ** 28;

export class TableImage {
  #linear = new Map<number, Uint8Array>();
  #masks = new Map<number, Uint8Array>();
  #lanes = '';

  /** Maps of service levels, all of them where any differs: what is said for all ports comes before what is said for one. */
  lanes(requests: readonly SmpRequest[]): BlockRequest[] {
    const wanted = requests.map(({ modifier, data }) => `${modifier} ${data}`).join();
    if (wanted === this.#lanes) return [];
    this.#lanes = '';
    let left = requests.length;
    const confirmed = () => {
      if (--left === 0) this.#lanes = wanted;
    };
    return requests.map((request) => ({ request, confirmed }));
  }

  /** Blocks of the linear table that are not as in `table`, whose LIDs are all that there are. */
  linear(table: Uint8Array): BlockRequest[] {
    const blocks = Math.ceil(table.length / LINEAR_BLOCK);
    const known = Math.max(blocks, ...[...this.#linear.keys()].map((block) => block + 1));
    return range(known).flatMap((block) => {
      const data = new Uint8Array(LINEAR_BLOCK).fill(NO_PORT);
      data.set(table.subarray(block * LINEAR_BLOCK, (block + 1) * LINEAR_BLOCK));
      return changed(this.#linear, block, data, ATTRIBUTE.linearForwarding);
    });
  }

  /** The same of the multicast table: ports by index of the multicast LID. */
  multicast(groups: ReadonlyMap<number, ReadonlySet<number>>, ports: number): BlockRequest[] {
    const positions = Math.ceil((ports + 1) / MASK_PORTS);
    const wanted = new Map<number, Record<string, number>>();
    for (const modifier of this.#masks.keys()) wanted.set(modifier, {});
    for (const [group, outputs] of groups) {
      for (const position of range(positions)) {
        const own = [...outputs].filter((port) => Math.floor(port / MASK_PORTS) === position);
        if (own.length === 0) continue;
        const modifier = Math.floor(group / MULTICAST_BLOCK) + position * POSITION;
        const masks = wanted.get(modifier) ?? {};
        const mask = own.reduce((bits, port) => bits + 2 ** (port % MASK_PORTS), 0);
        masks[`portMask${group % MULTICAST_BLOCK}`] = mask;
        wanted.set(modifier, masks);
      }
    }
    return [...wanted].flatMap(([modifier, masks]) =>
      changed(
        this.#masks,
        modifier,
        MulticastForwardingTable.encode(masks),
        ATTRIBUTE.multicastForwarding,
      ),
    );
  }
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

function changed(
  known: Map<number, Uint8Array>,
  modifier: number,
  data: Uint8Array,
  attribute: number,
): BlockRequest[] {
  const before = known.get(modifier);
  if (before && data.every((byte, i) => byte === before[i])) return [];
  const request = { method: 'set', attribute, modifier, data } as const;
  return [{ request, confirmed: () => known.set(modifier, data) }];
}
