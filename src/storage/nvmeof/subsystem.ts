// An NVM subsystem: a name, namespaces, and the controllers that hosts have made by connecting. The discovery
// subsystem is one without namespaces, under the name that every host knows.

import type { Nanos } from '../../time/index.js';
import type { Controller } from './controller.js';
import { EVENTS } from './event.js';
import { Namespace, type NamespaceOptions } from './namespace.js';
import { Underway } from './underway.js';

/** Base 2.0 3.1.2.3: every discovery subsystem answers to it. */
export const DISCOVERY_NQN = 'nqn.2014-08.org.nvmexpress.discovery';
/** Base 2.0 4.5: with the zero that ends it, a name has 224 bytes. */
const LONGEST_NQN = 223;
/** Namespaces, and the highest NSID (NN and MNAN of Identify). */
export const MOST_NAMESPACES = 1024;
/** Controllers at once, each with its own identifier. */
const MOST_CONTROLLERS = 1024;
/** FFF0h and above are reserved (Base 2.0 3.1.2.2). */
const MOST_CNTLID = 0xffef;

export interface SubsystemOptions {
  readonly nqn: string;
  /** Up to 20 printable ASCII characters. */
  readonly serial?: string;
  /** Hosts that may connect; any unless given. */
  readonly hosts?: readonly string[];
}

export class Subsystem {
  readonly nqn: string;
  readonly serial: string;
  readonly hosts: ReadonlySet<string> | undefined;
  readonly isDiscovery: boolean;
  readonly controllers = new Map<number, Controller>();
  readonly underway = new Underway();
  /** By NSID, in its order. */
  readonly #namespaces = new Map<number, Namespace>();

  /** @throws RangeError for a name that cannot be one */
  constructor({ nqn, serial = '1', hosts }: SubsystemOptions) {
    if (!/^nqn\.[\x21-\x7e]+$/.test(nqn) || nqn.length > LONGEST_NQN)
      throw new RangeError(`'${nqn}' is no NVMe qualified name`);
    this.nqn = nqn;
    this.serial = serial;
    this.hosts = hosts && new Set(hosts);
    this.isDiscovery = nqn === DISCOVERY_NQN;
  }

  namespace(nsid: number): Namespace | undefined {
    return this.#namespaces.get(nsid);
  }

  get nsids(): number[] {
    return [...this.#namespaces.keys()].sort((a, b) => a - b);
  }

  /** Hosts that are connected are told. @throws RangeError where there is one of that number already */
  addNamespace(now: Nanos, options: NamespaceOptions): Namespace {
    const made = new Namespace(options);
    const { nsid } = made;
    if (nsid > MOST_NAMESPACES) throw new RangeError(`namespaces are 1 to ${MOST_NAMESPACES}`);
    if (this.#namespaces.has(nsid)) throw new RangeError(`namespace ${nsid} is there already`);
    this.#namespaces.set(nsid, made);
    this.#changed(now, nsid);
    return made;
  }

  removeNamespace(now: Nanos, nsid: number): void {
    if (this.#namespaces.delete(nsid)) this.#changed(now, nsid);
  }

  /** The volume of a namespace has another size now. */
  resizedNamespace(now: Nanos, nsid: number): void {
    if (this.#namespaces.has(nsid)) this.#changed(now, nsid);
  }

  #changed(now: Nanos, nsid: number): void {
    for (const controller of this.controllers.values()) {
      controller.changedNamespaces.add(nsid);
      controller.events.post(now, EVENTS.namespace);
    }
  }

  /** A free identifier, the lowest as in Linux; undefined when there is none. */
  freeCntlid(): number | undefined {
    if (this.controllers.size >= MOST_CONTROLLERS) return undefined;
    for (let id = 1; id <= MOST_CNTLID; id++) if (!this.controllers.has(id)) return id;
    return undefined;
  }
}
