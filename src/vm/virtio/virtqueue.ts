// Either kind of virtqueue by what was negotiated: where its areas go, whether a place can be one, and both sides.

import type { PhysicalBytes } from '../../memory/physical-bytes.js';
import { PackedDevice } from './packed-device.js';
import { PackedDriver } from './packed-driver.js';
import { MOST_PACKED, packedAreas } from './packed-ring.js';
import type {
  DeviceQueue,
  DriverQueue,
  IndirectTables,
  QueueOptions,
  QueuePlace,
  RingFeatures,
} from './queue.js';
import { SplitDevice } from './split-device.js';
import { SplitDriver } from './split-driver.js';
import { splitAreas } from './split-ring.js';

/** Entries of a split ring at most, which is a power of two (2.7). */
const MOST_SPLIT = 2 ** 15;

const areasOf = ({ packed }: RingFeatures) => (packed ? packedAreas : splitAreas);

/** Why a queue cannot lie there. */
export type PlaceProblem = 'size' | 'alignment' | 'memory';

/** What is wrong with a place that a guest has named; null when nothing is. */
export function placeProblem(
  memory: PhysicalBytes,
  place: QueuePlace,
  features: RingFeatures,
): PlaceProblem | null {
  const { size } = place;
  const most = features.packed ? MOST_PACKED : MOST_SPLIT;
  const isPower = Number.isInteger(Math.log2(size));
  if (!(size >= 1 && size <= most) || !(features.packed || isPower)) return 'size';
  const areas = areasOf(features);
  for (const name of ['descriptors', 'driver', 'device'] as const) {
    const { bytes, align } = areas[name];
    if (place[name] % align !== 0) return 'alignment';
    if (!memory.holds(place[name], bytes(size))) return 'memory';
  }
  return null;
}

/** Areas one after the other from an address that is a multiple of sixteen, and where they end. */
export function layOut(
  address: number,
  size: number,
  features: RingFeatures,
): { readonly place: QueuePlace; readonly end: number } {
  const areas = areasOf(features);
  let end = address;
  const put = (name: keyof typeof areas) => {
    const { bytes, align } = areas[name];
    const at = Math.ceil(end / align) * align;
    end = at + bytes(size);
    return at;
  };
  const place = {
    size,
    descriptors: put('descriptors'),
    driver: put('driver'),
    device: put('device'),
  };
  return { place, end };
}

export const driverQueue = (options: QueueOptions, tables?: IndirectTables): DriverQueue =>
  options.features.packed ? new PackedDriver(options, tables) : new SplitDriver(options, tables);

export const deviceQueue = (options: QueueOptions): DeviceQueue =>
  options.features.packed ? new PackedDevice(options) : new SplitDevice(options);
