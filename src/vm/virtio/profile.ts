// What virtio takes of cores, as data. Numbers are in `profiles/virtio.ts`, with their sources.

export interface VirtioProfile {
  readonly name: string;
  /** Of the guest's core: a buffer into the ring, one out of it, and an interrupt's handler beside that. */
  readonly addNs: number;
  readonly takeNs: number;
  readonly handlerNs: number;
  /** Of the virtual CPU's thread at a kick: the eventfd behind the register is signalled (ioeventfd). */
  readonly ioeventfdNs: number;
  /** The same without one: the process finds the device, and signals its thread; beside getting there. */
  readonly notifyNs: number;
  /** A register of the configuration, in the process. */
  readonly registerNs: number;
  /** Of the device's thread: a buffer out of the ring with its addresses translated, one back, and an interrupt (irqfd). */
  readonly deviceTakeNs: number;
  readonly deviceGiveNs: number;
  readonly irqfdNs: number;
}
