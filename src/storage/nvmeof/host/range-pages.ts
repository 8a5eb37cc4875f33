// A page a tag, in which the range of a discard goes to the target; made when the first is wanted.

import type { DriverRequest, HardwareQueue, Segment } from '../../../block/index.js';
import { PAGE_4K, type PhysicalMemory } from '../../../memory/index.js';
import { RANGES_SIZE } from './commands.js';

export class RangePages {
  #address = -1;

  constructor(readonly memory: PhysicalMemory) {}

  /** Puts ranges into the page of a request's tag, among as many as there are. */
  put(tags: readonly HardwareQueue[], { queue, tag }: DriverRequest, ranges: Uint8Array): Segment {
    const { memory } = this;
    const depth = tags[0]!.requests.length;
    if (this.#address < 0)
      this.#address = memory.allocate(PAGE_4K, depth * tags.length, 0, 'nvme ranges');
    const address = this.#address + (queue * depth + tag) * PAGE_4K;
    const page = memory.locate(address);
    page.fill(0, memory.at, memory.at + RANGES_SIZE);
    page.set(ranges, memory.at);
    return { address, length: RANGES_SIZE };
  }
}
