// The target: subsystems by name, the discovery subsystem among them, and the keep-alive of all their controllers. It
// is the same whatever transport a host comes over. Nothing here waits: time and commands come from outside.

import { earlier, type Machine, type Nanos, NEVER } from '../../time/index.js';
import type { Controller } from './controller.js';
import { EVENTS } from './event.js';
import { DISCOVERY_NQN, Subsystem, type SubsystemOptions } from './subsystem.js';

/** Bytes of a boot identifier, and where it stands: the vendor specific area of Identify Controller (Base 2.0 5.17.2.1). */
export const BOOT_ID_SIZE = 16;
export const BOOT_ID_AT = 3072;

export class NvmeTarget implements Machine {
  readonly discovery = new Subsystem({ nqn: DISCOVERY_NQN });
  /** Changes of what discovery tells (GENCTR). */
  generation = 1;
  /** Called when the target may have to be woken sooner than `wakeAt` said before. */
  onDeadline: (now: Nanos) => void = () => {};
  /** Another one whenever what was not flushed may have been forgotten; zeros where nobody is told. */
  readonly bootId: Uint8Array;
  readonly #subsystems = new Map<string, Subsystem>();

  constructor({ bootId = new Uint8Array(BOOT_ID_SIZE) }: { readonly bootId?: Uint8Array } = {}) {
    if (bootId.length !== BOOT_ID_SIZE)
      throw new RangeError(`a boot identifier has ${BOOT_ID_SIZE} bytes`);
    this.bootId = bootId;
  }

  get subsystems(): Iterable<Subsystem> {
    return this.#subsystems.values();
  }

  /** @throws RangeError for a name that cannot be, or that is taken */
  addSubsystem(now: Nanos, options: SubsystemOptions): Subsystem {
    const made = new Subsystem(options);
    if (this.find(made.nqn)) throw new RangeError(`there is a subsystem ${made.nqn} already`);
    this.#subsystems.set(made.nqn, made);
    this.#changed(now);
    return made;
  }

  /** Hosts lose it at once. */
  removeSubsystem(now: Nanos, nqn: string): void {
    const subsystem = this.#subsystems.get(nqn);
    if (!subsystem) return;
    this.#subsystems.delete(nqn);
    for (const controller of [...subsystem.controllers.values()])
      controller.end(now, 'the subsystem was removed');
    this.#changed(now);
  }

  #changed(now: Nanos): void {
    this.generation++;
    for (const controller of this.discovery.controllers.values())
      controller.events.post(now, EVENTS.discovery);
  }

  find(nqn: string): Subsystem | undefined {
    return nqn === DISCOVERY_NQN ? this.discovery : this.#subsystems.get(nqn);
  }

  // Machine: keep-alive

  wakeAt(): Nanos {
    let at = NEVER;
    for (const controller of this.#controllers()) at = earlier(at, controller.deadline);
    return at;
  }

  expire(now: Nanos): void {
    const late = [...this.#controllers()].filter(({ deadline }) => deadline <= now);
    for (const controller of late) controller.expire(now);
  }

  *#controllers(): Generator<Controller> {
    yield* this.discovery.controllers.values();
    for (const subsystem of this.#subsystems.values()) yield* subsystem.controllers.values();
  }
}
