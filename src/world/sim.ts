// The driver in virtual time: stations, links between their ports, one event queue. The same seed and the same
// calls give the same run, event by event, on any machine.

import { Fate, type Impairment } from '../fabric/impairment.js';
import { Link, type LinkOptions } from '../fabric/link.js';
import { FramePool, type Station } from '../frame/index.js';
import { Alarm, EventQueue, type Nanos, NEVER, Random, tellOf } from '../time/index.js';
import { LinkHistory } from './link-history.js';
import { AHEAD, BUSY, PEER_PIPED, Ports, SPECIAL } from './ports.js';

const ARRIVE = 0;
const WIRE_FREE = 1;
const WAKE = 2;
const CALL = 3;
const SHOW = 4;

const LINK_DOWN = 'link down';
/** Numbers of calls go round; nobody has so many under way. */
const CALLS = 2 ** 30;

/** What few ports have. */
interface Extras {
  readonly impairments: Impairment[];
  readonly taps: Tap[];
  /** The fastest link of a station that cuts through: frames may have begun to leave as they came in from there. */
  ahead: Link | undefined;
}

/**
 * Sees every frame that leaves or reaches a port, and once more those that are then lost on the wire, or dropped by the
 * station, with the reason. It must not keep the slot.
 */
export interface Tap {
  frame(
    now: Nanos,
    direction: 'out' | 'in' | 'lost' | 'dropped',
    pool: FramePool,
    slot: number,
    why: string,
  ): void;
}

export interface SimOptions {
  readonly seed?: number;
  /** Longest frame in bytes; 4,608 unless given: InfiniBand's largest MTU with all headers. */
  readonly slotBytes?: number;
  readonly mostFrames?: number;
}

/** Stations and links in virtual time. */
export class Simulation {
  now = 0 as Nanos;
  readonly pool: FramePool;
  readonly random: Random;
  /** Events so far. */
  events = 0;
  /** Frames that reached a port. */
  hops = 0;
  /** Frames lost on links, by reason. */
  readonly lost = new Map<string, number>();
  readonly #queue = new EventQueue();
  readonly #stations: Station[] = [];
  readonly #places = new Map<Station, number>();
  /** When each station is to be woken, as the queue knows; an earlier wake-up outdates later ones. */
  readonly #wakeAt: number[] = [];
  readonly #alarm = new Alarm();
  /** Each station's first port among all. */
  readonly #firstPort: number[] = [];
  readonly #ports = new Ports();
  readonly #ends = new Map<Link, readonly [number, number]>();
  readonly #history = new LinkHistory();
  readonly #extras = new Map<number, Extras>();
  readonly #calls = new Map<number, (now: Nanos) => void>();
  #nextCall = 0;
  readonly #fate = new Fate();

  constructor(options: SimOptions = {}) {
    this.pool = new FramePool(options.slotBytes, options.mostFrames);
    this.random = new Random(options.seed ?? 1);
  }

  add<S extends Station>(station: S): S {
    if (this.#places.has(station)) throw new RangeError(`${station.name} is there already`);
    const place = this.#stations.length;
    this.#stations.push(station);
    this.#places.set(station, place);
    this.#wakeAt.push(NEVER);
    this.#firstPort.push(this.#ports.add(place, station.ports));
    this.settle(station);
    return station;
  }

  /** Joins two ports by a link. @throws RangeError when a port does not exist or is connected */
  connect(a: Station, portA: number, b: Station, portB: number, options: LinkOptions): Link {
    const link = new Link(`${a.name}.${portA}-${b.name}.${portB}`, options);
    const first = this.#unconnected(a, portA);
    const second = this.#unconnected(b, portB);
    if (first === second) throw new RangeError(`${a.name}.${portA} is connected already`);
    const piped = [a.latencyOf !== undefined, b.latencyOf !== undefined] as const;
    this.#ports.connect(first, link, 0, second, piped[0], piped[1]);
    this.#ports.connect(second, link, 1, first, piped[1], piped[0]);
    this.#ends.set(link, [first, second]);
    link.changed = (up) => {
      this.#history.changed(link, this.now);
      this.#ports.setDown(first, !up);
      this.#ports.setDown(second, !up);
    };
    for (const station of [a, b]) if (station.cutsThrough) this.#lookAhead(station);
    this.#send(first);
    this.#send(second);
    return link;
  }

  #unconnected(station: Station, number: number): number {
    if (!this.#places.has(station))
      throw new RangeError(`${station.name} is not part of this simulation`);
    if (number < 0 || number >= station.ports)
      throw new RangeError(`${station.name} has no port ${number}`);
    const port = this.#portOf(station, number);
    if (this.#ports.link(port))
      throw new RangeError(`${station.name}.${number} is connected already`);
    return port;
  }

  #portOf(station: Station, number: number): number {
    return this.#firstPort[this.#places.get(station)!]! + number;
  }

  /** Frames of a station that cuts through may have come in by its fastest link. */
  #lookAhead(station: Station): void {
    const ports = Array.from({ length: station.ports }, (_, i) => this.#portOf(station, i));
    let fastest: Link | undefined;
    for (const port of ports) {
      const link = this.#ports.link(port);
      if (link && (fastest === undefined || link.rate > fastest.rate)) fastest = link;
    }
    for (const port of ports) {
      this.#ports.setAhead(port);
      this.#extra(port).ahead = fastest;
    }
  }

  #extra(port: number): Extras {
    const known = this.#extras.get(port);
    if (known) return known;
    const extra: Extras = { impairments: [], taps: [], ahead: undefined };
    this.#extras.set(port, extra);
    return extra;
  }

  /** Takes a link down or up, and tells both ends. Frames on it are lost when it is down as they arrive. */
  setLink(link: Link, up: boolean): void {
    if (link.up === up) return;
    link.up = up;
    const ends = this.#ends.get(link) ?? [];
    for (const port of ends) {
      const station = this.#stations[this.#ports.place(port)]!;
      station.linkChanged?.(this.now, this.#ports.number(port), up);
    }
    for (const port of ends) {
      this.#send(port);
      this.#settle(this.#ports.place(port));
    }
  }

  /** Impairs what leaves `station` by `port`. */
  impair(station: Station, port: number, impairment: Impairment): void {
    const at = this.#connected(station, port);
    this.#extra(at).impairments.push(impairment);
    this.#ports.setSpecial(at);
  }

  /** Shows every frame of a port, both ways, to `tap`. */
  tap(station: Station, port: number, tap: Tap): void {
    const at = this.#connected(station, port);
    this.#extra(at).taps.push(tap);
    this.#ports.setWatched(at);
    this.pool.dropped = this.#dropped;
  }

  readonly #dropped = (slot: number, why: string): void => {
    this.#show(this.pool.origin(slot), 'dropped', slot, why);
  };

  #show(port: number, direction: 'out' | 'in' | 'lost' | 'dropped', slot: number, why: string) {
    const extra = this.#extras.get(port);
    if (extra) for (const tap of extra.taps) tap.frame(this.now, direction, this.pool, slot, why);
  }

  #connected(station: Station, number: number): number {
    const port = this.#places.has(station) ? this.#portOf(station, number) : -1;
    if (port < 0 || !(number >= 0 && number < station.ports) || !this.#ports.link(port))
      throw new RangeError(`${station.name}.${number} is not connected`);
    return port;
  }

  /** Calls back at an instant: for applications and scenarios, which live outside the stations. */
  at(when: Nanos, call: (now: Nanos) => void): void {
    this.#queue.put(when, CALL, this.#nextCall);
    this.#calls.set(this.#nextCall, call);
    this.#nextCall = (this.#nextCall + 1) % CALLS;
  }

  /** Must be called after anything from outside changed a station's state (a request was posted). */
  settle(station: Station): void {
    this.#settle(this.#places.get(station)!);
  }

  /** Takes one event; false when none waits. */
  // hot
  step(): boolean {
    const queue = this.#queue;
    if (!queue.next()) return false;
    this.now = queue.at;
    this.events++;
    switch (queue.kind) {
      case ARRIVE:
        this.#arrive(queue.a, queue.b);
        break;
      case WIRE_FREE:
        this.#transmit(queue.a);
        this.#settle(this.#ports.place(queue.a)); // sending may have made room, and other ports ready
        break;
      case WAKE:
        this.#wake(queue.a);
        break;
      case SHOW:
        this.#showArrival(queue.a, queue.b, !this.#ports.down(queue.a));
        break;
      default: {
        const call = this.#calls.get(queue.a)!;
        this.#calls.delete(queue.a);
        call(this.now);
      }
    }
    return true;
  }

  /**
   * Runs until nothing happens any more, or until `end`, or while `wanted` holds. It begins with what was asked of stations
   * from outside since it ran last: a program that was started and that nobody tells of would begin with the first frame.
   */
  run(end: Nanos = NEVER, wanted: () => boolean = () => true): void {
    for (let place = 0; place < this.#stations.length; place++) this.#settle(place);
    if (end === NEVER) {
      while (wanted() && this.step()); // without asking first when the next event is due
      return;
    }
    while (this.#queue.due() <= end && wanted() && this.step());
    if (this.now < end && this.#queue.due() > end) this.now = end;
  }

  // hot
  #arrive(port: number, slot: number): void {
    const ports = this.#ports;
    if ((ports.flags(port) & SPECIAL) !== 0 && !this.#came(port, slot)) return;
    this.hops++;
    this.pool.setOrigin(slot, port);
    const place = ports.place(port);
    this.#stations[place]!.receive(this.now, ports.number(port), slot);
    this.#settle(place);
  }

  /** Was the link up when the frame's last bit came? That was before, where a pipeline is in front of the station. */
  #came(port: number, slot: number): boolean {
    const latency = this.#latency(port, slot);
    const up = this.#history.wasUp(this.#ports.link(port)!, (this.now - latency) as Nanos);
    if (latency === 0) this.#showArrival(port, slot, up);
    if (!up) this.#lose(slot, LINK_DOWN);
    return up;
  }

  #showArrival(port: number, slot: number, up: boolean): void {
    this.#show(port, up ? 'in' : 'lost', slot, up ? '' : LINK_DOWN);
  }

  // hot
  #latency(port: number, slot: number): number {
    const ports = this.#ports;
    return ports.piped(port) ? this.#stations[ports.place(port)]!.latencyOf!(slot) : 0;
  }

  /** The frame's last bit will be at `port` then: one event for that and the station's pipeline. */
  // hot
  #deliver(arrival: Nanos, port: number, slot: number): void {
    const latency = this.#latency(port, slot);
    if (latency > 0 && this.#ports.watched(port)) this.#queue.put(arrival, SHOW, port, slot);
    this.#queue.put((arrival + latency) as Nanos, ARRIVE, port, slot);
  }

  #wake(place: number): void {
    if (this.#wakeAt[place]! > this.now) return; // outdated by an earlier wake-up
    this.#wakeAt[place] = NEVER;
    this.#stations[place]!.expire(this.now);
    this.#settle(place);
  }

  // hot
  #settle(place: number): void {
    const station = this.#stations[place]!;
    for (let port = station.takeReady(); port >= 0; port = station.takeReady())
      this.#send(this.#firstPort[place]! + port);
    const alarm = this.#alarm;
    alarm.at = NEVER;
    tellOf(station, alarm);
    const wakeAt = alarm.at;
    if (wakeAt < this.#wakeAt[place]!) {
      this.#wakeAt[place] = wakeAt;
      this.#queue.put(wakeAt < this.now ? this.now : wakeAt, WAKE, place);
    }
  }

  /** Puts the port's next frame on its wire, if the wire is free. */
  // hot
  #send(port: number): void {
    const ports = this.#ports;
    if (ports.peer(port) < 0 || (ports.flags(port) & BUSY) !== 0) return;
    if (ports.freeAt(port) > this.now) this.#waitFor(port);
    else this.#transmit(port);
  }

  /** The wire is free: the port's next frame goes onto it. */
  // hot
  #transmit(port: number): void {
    const ports = this.#ports;
    const station = this.#stations[ports.place(port)]!;
    const number = ports.number(port);
    const slot = station.transmit(this.now, number);
    const flags = ports.flags(port);
    if (slot < 0) {
      if ((flags & BUSY) !== 0) ports.setBusy(port, false);
      return;
    }
    const length = this.pool.length(slot);
    const start = (flags & AHEAD) === 0 ? this.now : this.#begun(port, length);
    const arrival = ports.occupy(port, start, length);
    // Most wires are idle most of the time: a third of all events would say so to stations with nothing to send.
    if (station.waits !== undefined && !station.waits(number)) ports.setBusy(port, false);
    else {
      if ((flags & BUSY) === 0) ports.setBusy(port, true);
      this.#queue.put(ports.freeAt(port), WIRE_FREE, port);
    }
    if ((flags & (SPECIAL | PEER_PIPED)) === 0)
      this.#queue.put(arrival, ARRIVE, ports.peer(port), slot);
    else if ((flags & SPECIAL) === 0) this.#deliver(arrival, ports.peer(port), slot);
    else this.#sendSpecially(port, slot, arrival);
  }

  /** Where there are taps or impairments, or the link has been down. */
  #sendSpecially(port: number, slot: number, arrival: Nanos): void {
    const ports = this.#ports;
    const fate = this.#fate;
    this.#show(port, 'out', slot, '');
    fate.reset();
    if (ports.down(port)) fate.lost = LINK_DOWN;
    for (const impairment of this.#extras.get(port)?.impairments ?? []) {
      if (fate.lost !== '') break;
      impairment.apply(this.now, ports.end(port), this.pool, slot, fate);
    }
    if (fate.lost !== '') {
      this.#show(port, 'lost', slot, fate.lost);
      return this.#lose(slot, fate.lost);
    }
    const peer = ports.peer(port);
    const first = (arrival + fate.delay) as Nanos;
    for (let copy = 1; copy <= fate.copies; copy++) {
      const twin = this.pool.clone(slot);
      if (twin < 0) break;
      this.#deliver((first + copy * fate.copyGap) as Nanos, peer, twin);
    }
    this.#deliver(first, peer, slot);
  }

  /** Since when a frame that is cut through has been on its way. */
  #begun(port: number, length: number): Nanos {
    const begun = (this.now - this.#extras.get(port)!.ahead!.occupies(length)) as Nanos;
    const freeAt = this.#ports.freeAt(port);
    return begun > freeAt ? begun : freeAt;
  }

  #waitFor(port: number): void {
    this.#ports.setBusy(port, true);
    this.#queue.put(this.#ports.freeAt(port), WIRE_FREE, port);
  }

  #lose(slot: number, why: string): void {
    this.lost.set(why, (this.lost.get(why) ?? 0) + 1);
    this.pool.release(slot);
  }
}
