// Asynchronous events of a controller (NVMe Base 2.0 5.2): requests that wait until there is something to tell, and the one thing
// there is to tell, that the namespace has another size.

import { CQEAsyncEvent } from '../../protocols/nvme/cqe.js';
import { AsyncEventConfiguration } from '../../protocols/nvme/feature.js';
import { NamespaceEntry } from '../../protocols/nvme/identify-namespace.js';
import { getAddress, valueBytes } from '../memory/physical-bytes.js';
import type { Command } from './commands.js';

/** AERL of Identify is one less. */
export const MOST_EVENT_REQUESTS = 4;
/** Changed Namespace List (5.16.1.5). */
export const CHANGED_NAMESPACES = 0x04;
const LIST_BYTES = 4096;
const NOTICE = 2;
const NAMESPACE_CHANGED = 0;
const NSID = 1;

export class NvmeEvents {
  /** Dword 11 of Asynchronous Event Configuration: what the driver wants to hear of. */
  configuration = 0;
  readonly #waiting: Command[] = [];
  #isChanged = false;
  /** Told, and its page not read: no other of the kind. */
  #isMasked = false;
  #isPending = false;

  /** A request for an event; false where there are too many. */
  park(command: Command): boolean {
    if (this.#waiting.length === MOST_EVENT_REQUESTS) return false;
    this.#waiting.push(command);
    return true;
  }

  /** The namespace has another size. */
  changed(): void {
    this.#isChanged = true;
    const dword = valueBytes(this.configuration);
    const isWanted = AsyncEventConfiguration.get.namespaceAttribute(dword, 0) === 1;
    if (isWanted && !this.#isMasked) this.#isPending = true;
  }

  /** The request that is over now, with what it tells. */
  tell(): Command | undefined {
    if (!this.#isPending) return undefined;
    const command = this.#waiting.shift();
    if (!command) return undefined;
    this.#isPending = false;
    this.#isMasked = true;
    const told = { aet: NOTICE, aei: NAMESPACE_CHANGED, lid: CHANGED_NAMESPACES };
    command.result = getAddress(CQEAsyncEvent.encode(told), 0);
    return command;
  }

  /** Changed Namespace List: reading it makes it empty, and lets the next event come unless that is retained (RAE). */
  changes(retains: boolean): Uint8Array {
    const list = new Uint8Array(LIST_BYTES);
    if (this.#isChanged) NamespaceEntry.encode({ nsid: NSID }, list);
    this.#isChanged = false;
    if (!retains) this.#isMasked = false;
    return list;
  }

  /** A reset ends requests and forgets what was asked for. */
  clear(): void {
    this.configuration = 0;
    this.#waiting.length = 0;
    this.#isChanged = false;
    this.#isMasked = false;
    this.#isPending = false;
  }
}
