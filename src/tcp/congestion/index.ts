import type { CongestionControl } from './control.js';
import { Cubic } from './cubic.js';
import { Dctcp } from './dctcp.js';
import { NewReno } from './new-reno.js';

/** Congestion controls by Linux's names ('reno' is NewReno there as here). */
const controls = {
  reno: () => new NewReno(),
  cubic: (hystart: boolean) => new Cubic(hystart),
  dctcp: () => new Dctcp(),
} as const satisfies Record<string, (hystart: boolean) => CongestionControl>;

export type CongestionName = keyof typeof controls;
export const congestionNames = Object.keys(controls) as readonly CongestionName[];

export const congestionControl = (name: CongestionName, hystart = false): CongestionControl =>
  controls[name](hystart);

export type { CongestionControl, CongestionEvent, CongestionState } from './control.js';
export { Cubic } from './cubic.js';
export { Dctcp } from './dctcp.js';
export { NewReno } from './new-reno.js';
