// The driver in virtual time: stations, links between their ports, one event queue. The same seed and the same
// calls give the same run, event by event, on any machine.

import { Fate, type Impairment } from '../fabric/impairment.js';
import { Link, type LinkOptions } from '../fabric/link.js';
import { FramePool, type Station } from '../frame/index.js';
import { EventQueue, type Nanos, NEVER, Random } from '../time/index.js';

const ARRIVE = 0;
const WIRE_FREE = 1;
const WAKE = 2;
const CALL = 3;

/** A port's end of a link. */
interface Wire {
  readonly index: number;
  readonly station: Place;
  readonly port: number;
  readonly link: Link;
  /** Which end of the link this is. */
  readonly end: 0 | 1;
  peer: Wire | undefined;
  /** Until when the frame sent last occupies it. */
  freeAt: Nanos;
  /** True: an event says when that is. */
  busy: boolean;
  readonly impairments: Impairment[];
  readonly taps: Tap[];
  /** The fastest link of a station that cuts through: frames may have begun to leave as they came in from there. */
  ahead: Link | undefined;
}

interface Place {
  readonly index: number;
  readonly station: Station;
  /** By port; undefined where nothing is connected. */
  readonly wires: (Wire | undefined)[];
  /** When it is to be woken, as the queue knows; an earlier wake-up outdates later ones. */
  wakeAt: Nanos;
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
  readonly #places: Place[] = [];
  readonly #byStation = new Map<Station, Place>();
  readonly #wires: Wire[] = [];
  readonly #calls = new Map<number, (now: Nanos) => void>();
  #nextCall = 0;
  readonly #fate = new Fate();

  constructor(options: SimOptions = {}) {
    this.pool = new FramePool(options.slotBytes, options.mostFrames);
    this.random = new Random(options.seed ?? 1);
  }

  add<S extends Station>(station: S): S {
    if (this.#byStation.has(station)) throw new RangeError(`${station.name} is there already`);
    const place: Place = {
      index: this.#places.length,
      station,
      wires: new Array<undefined>(station.ports).fill(undefined),
      wakeAt: NEVER,
    };
    this.#places.push(place);
    this.#byStation.set(station, place);
    this.settle(station);
    return station;
  }

  /** Joins two ports by a link. @throws RangeError when a port does not exist or is connected */
  connect(a: Station, portA: number, b: Station, portB: number, options: LinkOptions): Link {
    const link = new Link(`${a.name}.${portA}-${b.name}.${portB}`, options);
    const first = this.#wire(a, portA, link, 0);
    const second = this.#wire(b, portB, link, 1);
    first.peer = second;
    second.peer = first;
    this.#send(first);
    this.#send(second);
    return link;
  }

  #wire(station: Station, port: number, link: Link, end: 0 | 1): Wire {
    const place = this.#byStation.get(station);
    if (!place) throw new RangeError(`${station.name} is not part of this simulation`);
    if (port < 0 || port >= station.ports)
      throw new RangeError(`${station.name} has no port ${port}`);
    if (place.wires[port]) throw new RangeError(`${station.name}.${port} is connected already`);
    const wire: Wire = {
      index: this.#wires.length,
      station: place,
      port,
      link,
      end,
      peer: undefined,
      freeAt: 0 as Nanos,
      busy: false,
      impairments: [],
      taps: [],
      ahead: undefined,
    };
    this.#wires.push(wire);
    place.wires[port] = wire;
    if (station.cutsThrough) lookAhead(place.wires);
    return wire;
  }

  /** Takes a link down or up, and tells both ends. Frames on it are lost when it is down as they arrive. */
  setLink(link: Link, up: boolean): void {
    if (link.up === up) return;
    link.up = up;
    for (const { station, port, link: own } of this.#wires) {
      if (own === link) station.station.linkChanged?.(this.now, port, up);
    }
    for (const wire of this.#wires) {
      if (wire.link !== link) continue;
      this.#send(wire);
      this.#settle(wire.station);
    }
  }

  /** Impairs what leaves `station` by `port`. */
  impair(station: Station, port: number, impairment: Impairment): void {
    this.#port(station, port).impairments.push(impairment);
  }

  /** Shows every frame of a port, both ways, to `tap`. */
  tap(station: Station, port: number, tap: Tap): void {
    this.#port(station, port).taps.push(tap);
    this.pool.keepOrigins(this.#dropped);
  }

  readonly #dropped = (slot: number, why: string): void => {
    const wire = this.#wires[this.pool.origin(slot)];
    if (wire) for (const tap of wire.taps) tap.frame(this.now, 'dropped', this.pool, slot, why);
  };

  #port(station: Station, port: number): Wire {
    const wire = this.#byStation.get(station)?.wires[port];
    if (!wire) throw new RangeError(`${station.name}.${port} is not connected`);
    return wire;
  }

  /** Calls back at an instant: for applications and scenarios, which live outside the stations. */
  at(when: Nanos, call: (now: Nanos) => void): void {
    this.#queue.put(when, CALL, this.#nextCall);
    this.#calls.set(this.#nextCall++, call);
  }

  /** Must be called after anything from outside changed a station's state (a request was posted). */
  settle(station: Station): void {
    this.#settle(this.#byStation.get(station)!);
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
        this.#arrive(this.#wires[queue.a]!, queue.b);
        break;
      case WIRE_FREE: {
        const wire = this.#wires[queue.a]!;
        wire.busy = false;
        this.#send(wire);
        this.#settle(wire.station); // sending may have made room, and other ports ready
        break;
      }
      case WAKE:
        this.#wake(this.#places[queue.a]!);
        break;
      default: {
        const call = this.#calls.get(queue.a)!;
        this.#calls.delete(queue.a);
        call(this.now);
      }
    }
    return true;
  }

  /** Runs until nothing happens any more, or until `end`, or while `wanted` holds. */
  run(end: Nanos = NEVER, wanted: () => boolean = () => true): void {
    if (end === NEVER) {
      while (wanted() && this.step()); // without asking first when the next event is due
      return;
    }
    while (this.#queue.due() <= end && wanted() && this.step());
    if (this.now < end && this.#queue.due() > end) this.now = end;
  }

  #arrive(wire: Wire, slot: number): void {
    const { station, port, link, taps } = wire;
    if (!link.up) return this.#lose(wire, slot, 'link down');
    this.hops++;
    for (const tap of taps) tap.frame(this.now, 'in', this.pool, slot, '');
    this.pool.setOrigin(slot, wire.index);
    station.station.receive(this.now, port, slot);
    this.#settle(station);
  }

  #wake(place: Place): void {
    if (place.wakeAt > this.now) return; // outdated by an earlier wake-up
    place.wakeAt = NEVER;
    place.station.expire(this.now);
    this.#settle(place);
  }

  // hot
  #settle(place: Place): void {
    const { station, wires } = place;
    for (let port = station.takeReady(); port >= 0; port = station.takeReady()) {
      const wire = wires[port];
      if (wire) this.#send(wire);
    }
    const wakeAt = station.wakeAt();
    if (wakeAt < place.wakeAt) {
      place.wakeAt = wakeAt;
      this.#queue.put(wakeAt < this.now ? this.now : wakeAt, WAKE, place.index);
    }
  }

  /** Puts the port's next frame on its wire, if the wire is free. */
  // hot
  #send(wire: Wire): void {
    if (wire.busy) return;
    if (wire.freeAt > this.now) return this.#waitFor(wire);
    const { port, link, peer } = wire;
    const { station } = wire.station;
    const slot = station.transmit(this.now, port);
    if (slot < 0) return;
    const length = this.pool.length(slot);
    let start = this.now;
    if (wire.ahead !== undefined) {
      const begun = (start - wire.ahead.occupies(length)) as Nanos;
      start = begun > wire.freeAt ? begun : wire.freeAt;
    }
    const done = (start + link.occupies(length)) as Nanos;
    wire.freeAt = done;
    // Most wires are idle most of the time: a third of all events would say so to stations with nothing to send.
    if (station.waits === undefined || station.waits(port)) this.#waitFor(wire);
    for (const tap of wire.taps) tap.frame(this.now, 'out', this.pool, slot, '');
    if (!link.up || !peer) return this.#lose(wire, slot, 'link down');
    const arrival = (done + link.delay) as Nanos;
    if (wire.impairments.length === 0) this.#queue.put(arrival, ARRIVE, peer.index, slot);
    else this.#impaired(wire, peer, slot, arrival);
  }

  #waitFor(wire: Wire): void {
    wire.busy = true;
    this.#queue.put(wire.freeAt, WIRE_FREE, wire.index);
  }

  #impaired(wire: Wire, peer: Wire, slot: number, arrival: Nanos): void {
    const fate = this.#fate;
    fate.reset();
    for (const impairment of wire.impairments) {
      impairment.apply(this.now, wire.end, this.pool, slot, fate);
      if (fate.lost !== '') return this.#lose(wire, slot, fate.lost);
    }
    const first = (arrival + fate.delay) as Nanos;
    for (let copy = 1; copy <= fate.copies; copy++) {
      const twin = this.pool.clone(slot);
      if (twin < 0) break;
      this.#queue.put((first + copy * fate.copyGap) as Nanos, ARRIVE, peer.index, twin);
    }
    this.#queue.put(first, ARRIVE, peer.index, slot);
  }

  #lose(wire: Wire, slot: number, why: string): void {
    this.lost.set(why, (this.lost.get(why) ?? 0) + 1);
    for (const tap of wire.taps) tap.frame(this.now, 'lost', this.pool, slot, why);
    this.pool.release(slot);
  }
}

function lookAhead(wires: readonly (Wire | undefined)[]): void {
  let fastest: Link | undefined;
  for (const wire of wires)
    if (wire && (fastest === undefined || wire.link.rate > fastest.rate)) fastest = wire.link;
  for (const wire of wires) if (wire) wire.ahead = fastest;
}
