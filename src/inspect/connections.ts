// What connection management tells (IBA 12): which queue pairs a connection joins, and which service runs on it.
// A REQ names the asker's queue pair and the service, the REP that answers it names the other one.

import type { Layer, Protocol, Walk } from '../../protocols/index.js';
import type { Address } from './address.js';
import { addressAt } from './address.js';
import type { QueuePairs } from './queue-pairs.js';
import type { Service } from './service.js';

/** Requests that wait for their reply; the oldest is forgotten first. */
const MAX_REQUESTS = 4096;

/** IBA 12.6.7.2: the reason whose private data is the service's own. */
const CONSUMER_REJECT = 28;

/** IBA 12.7.28 and 9.2: path MTU codes. */
const pathMtuBytes = (code: number) => (code >= 1 && code <= 5 ? 128 << code : 0);

interface Request {
  readonly address: Address;
  readonly qpn: number;
  readonly service: Service | undefined;
  readonly pathMtu: number;
}

export class Connections {
  readonly #requests = new Map<string, Request>();

  /** `serviceOf` makes what runs on a new connection; undefined where the service is not known. */
  constructor(
    readonly pairs: QueuePairs,
    readonly serviceOf: (serviceId: bigint, request: readonly Layer[]) => Service | undefined,
  ) {}

  /** Takes note of a connection management message in a dissected frame. */
  learn(layers: readonly Layer[]): void {
    const index = layers.findIndex((layer) => layer.key.startsWith('cm-'));
    const message = layers[index];
    if (!message) return;
    const source = addressAt(layers, index, 'source');
    const target = addressAt(layers, index, 'target');
    if (source === undefined || target === undefined) return;
    if (message.key === 'cm-req') this.#request(message, source, layers.slice(index));
    if (message.key === 'cm-rep') this.#reply(message, source, target);
    if (message.key === 'cm-dreq') this.pairs.forget(target, message.number('remoteQpnEecn'));
  }

  /** What the private data behind the message taken last is: the request that it answers tells the service. */
  privateData({ layers }: Walk): Protocol | undefined {
    const index = layers.length - 1;
    const message = layers[index]!;
    const rejected = message.key === 'cm-rej';
    if (rejected && message.number('reason') !== CONSUMER_REJECT) return undefined;
    if (!rejected && message.key !== 'cm-rep') return undefined;
    const target = addressAt(layers, index, 'target');
    const request = this.#requests.get(`${target} ${message.number('remoteCommId')}`);
    return request?.service?.answer(message.key);
  }

  #request(req: Layer, source: Address, layers: readonly Layer[]): void {
    const key = `${source} ${req.number('localCommId')}`;
    const qpn = req.number('localQpn');
    if (this.#requests.get(key)?.qpn === qpn) return; // sent again
    if (this.#requests.size >= MAX_REQUESTS)
      this.#requests.delete(this.#requests.keys().next().value!);
    const service = this.serviceOf(req.get('serviceId') as bigint, layers);
    this.#requests.set(key, {
      address: source,
      qpn,
      service,
      pathMtu: pathMtuBytes(req.number('pathPacketPayloadMtu')),
    });
  }

  #reply(rep: Layer, source: Address, target: Address): void {
    const key = `${target} ${rep.number('remoteCommId')}`;
    const request = this.#requests.get(key);
    if (!request) return;
    this.#requests.delete(key);
    const { service, pathMtu } = request;
    this.pairs.connect(source, rep.number('localQpn'), 'active', service, pathMtu);
    this.pairs.connect(request.address, request.qpn, 'passive', service, pathMtu);
  }
}
