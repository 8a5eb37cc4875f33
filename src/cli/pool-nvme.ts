// `wireverbs pool serve --nvme-tcp`: the volumes as namespaces over NVMe/TCP on the sockets of this machine.

import { randomBytes } from 'node:crypto';
import type { Volume } from '../storage/index.js';
import { NvmeTarget, NvmeTcpListener, type Subsystem } from '../storage/nvmeof/index.js';
import { START } from '../time/index.js';
import { UsageError } from './failure.js';
import { addVolume, poolSubsystem } from './pool-subsystem.js';

const BOOT_ID_SIZE = 16;

export class NvmeTcpServers {
  /** Called when the last host of a port has left. */
  onIdle: () => void = () => {};
  readonly #target: NvmeTarget;
  readonly #subsystem: Subsystem;
  readonly #listeners: NvmeTcpListener[] = [];
  #namespaces = 0;

  /** @throws RangeError for a name that is none */
  constructor(nqn: string) {
    // What a run before had in its cache is gone: hosts are told by this.
    this.#target = new NvmeTarget({ bootId: new Uint8Array(randomBytes(BOOT_ID_SIZE)) });
    this.#subsystem = poolSubsystem(this.#target, START, nqn);
  }

  get connected(): number {
    return this.#listeners.reduce((sum, { connected }) => sum + connected, 0);
  }

  add(name: string, volume: Volume): void {
    addVolume(this.#subsystem, START, ++this.#namespaces, name, volume);
  }

  /** @returns where it listens in fact */
  async listen({ host, port }: { readonly host?: string; readonly port: number }): Promise<string> {
    const listener = new NvmeTcpListener(this.#target, this.#listeners.length + 1);
    listener.onIdle = () => this.onIdle();
    const bound = await listener.listen(port, host).catch((error: Error) => {
      throw new UsageError(`NVMe/TCP cannot be served there: ${error.message}`);
    });
    this.#listeners.push(listener);
    return `${host ?? ''}:${bound}`;
  }

  async close(): Promise<void> {
    for (const listener of this.#listeners) await listener.close();
  }
}
