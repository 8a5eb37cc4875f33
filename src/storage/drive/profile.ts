// What drives and the drivers that poll them differ in, as data. Numbers are in `profiles/`, with their sources.

import type { PcieProfile } from '../../memory/index.js';
import type { MediaProfile } from '../media.js';

export interface DriveProfile {
  /** What it says that it is: Identify's model number. */
  readonly name: string;
  /** Of its slot. */
  readonly pcie: PcieProfile;
  readonly medium: MediaProfile;
  readonly blockBytes: number;
}

/** A driver in user space that polls: cycles of its core. */
export interface PolledDriverProfile {
  readonly name: string;
  /** A command made and put into its queue; a completion taken out of one, and its request found. */
  readonly submit: number;
  readonly complete: number;
  /** A look at a queue that has nothing more. */
  readonly look: number;
}
