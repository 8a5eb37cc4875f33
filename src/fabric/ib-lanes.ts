// The lanes of service levels before a subnet manager sets them, or without one.

import { LaneMap } from '../subnet/index.js';
import { VL15 } from './ib-port.js';

/** @throws RangeError when it names a lane that is not there */
export function laneMap(
  name: string,
  ports: number,
  lanes: number,
  wished: readonly number[] | undefined,
): LaneMap {
  const bad = wished?.findIndex((lane) => lane >= lanes && lane !== VL15) ?? -1;
  if (bad >= 0)
    throw new RangeError(
      `${name}: service level ${bad} goes to lane ${wished![bad]}, yet there are lanes 0 to ${lanes - 1}`,
    );
  return new LaneMap(ports, (level) => wished?.[level] ?? level % lanes);
}
