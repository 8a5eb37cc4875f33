// What a host asks of a controller before it is of use, and when its namespaces change, in the order in which Linux does.

import { nvme } from '../../../../protocols/index.js';
import type { Thread, Wait } from '../../../cpu/index.js';
import { after, ms } from '../../../time/index.js';
import { BOOT_ID_AT, BOOT_ID_SIZE } from '../target.js';
import type { Admin, Answer } from './admin.js';
import * as commands from './commands.js';
import type { HostQueue } from './host-queue.js';
import type { NamespaceFacts } from './namespace-disk.js';

/** CSTS is looked at so often. */
const READY_INTERVAL = ms(100);
/** CAP.TO counts in this. */
const READY_UNIT = ms(500);
/** Logical blocks of 512 to 4096 bytes, as powers of two. */
const LEAST_SHIFT = 9;
const MOST_SHIFT = 12;
const CNS = { namespace: 0, controller: 1, active: 2, descriptors: 3, commandSet: 6 } as const;
const LOG = { changed: 0x04, discovery: 0x70 } as const;
const UUID = 3;
const UUID_SIZE = 16;

/** What a controller says of itself. */
export interface ControllerFacts {
  readonly cntlid: number;
  /** Entries of the largest queue. */
  readonly mqes: number;
  /** Bytes of a transfer at most; Infinity where it has no bound. */
  readonly mdtsBytes: number;
  readonly inlineBytes: number;
  readonly writeCache: boolean;
  readonly hasEvents: boolean;
  readonly subnqn: string;
  /** Of the pool's life, where it says one. */
  readonly boot: string;
}

/** Fails as a sentence, which `final` says not to try again. */
export interface Failed {
  readonly failure: string;
  readonly final: boolean;
}

export const failed = (failure: string, final = false): Failed => ({ failure, final });
export const isFailed = <T extends object>(x: T | Failed): x is Failed => 'failure' in x;

/** Fabrics Connect on a queue whose transport is connected; the controller's identifier. */
export function* connectQueue(
  admin: Admin,
  thread: Thread,
  queue: HostQueue,
  names: commands.Names,
  options: Omit<commands.ConnectOptions, 'qid'>,
): Generator<Wait, number | Failed, void> {
  const { cntlid } = options;
  const answer = yield* admin.ask(
    thread,
    queue,
    'Connect',
    (command) => commands.connect(command, { ...options, qid: queue.qid }),
    commands.connectData(names, cntlid),
  );
  return answer.failure === '' ? nvme.CQEConnect.get.cntlid(answer.result, 0) : answer;
}

/** Enables a controller that is connected, and reads what it is. */
export function* enable(
  admin: Admin,
  thread: Thread,
  queue: HostQueue,
  cntlid: number,
): Generator<Wait, ControllerFacts | Failed, void> {
  const property = (offset: number) => (command: Parameters<typeof commands.getProperty>[0]) =>
    commands.getProperty(command, offset);
  const { cap, vs, csts } = commands.PROPERTY;
  const capabilities = yield* admin.ask(thread, queue, 'Property Get CAP', property(cap));
  if (capabilities.failure !== '') return capabilities;
  const enabled = yield* admin.ask(thread, queue, 'Property Set CC', commands.enable);
  if (enabled.failure !== '') return enabled;
  const { to, mqes } = nvme.CAP.get;
  const until = after(thread.now, (to(capabilities.result, 0) + 1) * READY_UNIT);
  for (;;) {
    const status = yield* admin.ask(thread, queue, 'Property Get CSTS', property(csts));
    if (status.failure !== '') return status;
    if (nvme.CSTS.get.cfs(status.result, 0) === 1) return failed('the controller failed');
    if (nvme.CSTS.get.rdy(status.result, 0) === 1) break;
    if (thread.now >= until) return failed('the controller does not become ready');
    yield thread.sleep(after(thread.now, READY_INTERVAL));
  }
  const version = yield* admin.ask(thread, queue, 'Property Get VS', property(vs));
  if (version.failure !== '') return version;
  const identified = yield* ask(admin, thread, queue, CNS.controller);
  if (identified.failure !== '') return identified;
  const facts = controllerFacts(identified.data, mqes(capabilities.result, 0) + 1);
  return facts.cntlid === cntlid
    ? facts
    : failed('it identifies itself as another controller', true);
}

function controllerFacts(b: Uint8Array, mqes: number): ControllerFacts {
  const { cntlid, mdts, ioccsz, icdoff, vwc, oaesNamespace, oaesDiscovery } =
    nvme.IdentifyController.get;
  const name = nvme.IdentifyController.decode(b, 0).subnqn;
  return {
    cntlid: cntlid(b, 0),
    mqes,
    mdtsBytes: mdts(b, 0) === 0 ? Infinity : 4096 * 2 ** mdts(b, 0),
    inlineBytes: icdoff(b, 0) === 0 ? Math.max(0, ioccsz(b, 0) * 16 - nvme.SQE_SIZE) : 0,
    writeCache: vwc(b, 0) === 1,
    hasEvents: oaesNamespace(b, 0) === 1 || oaesDiscovery(b, 0) === 1,
    subnqn: textOf(name),
    boot: b.subarray(BOOT_ID_AT, BOOT_ID_AT + BOOT_ID_SIZE).join('.'),
  };
}

const textOf = (b: Uint8Array): string => {
  const end = b.indexOf(0);
  return new TextDecoder().decode(end < 0 ? b : b.subarray(0, end)).trim();
};

const ask = (
  admin: Admin,
  thread: Thread,
  queue: HostQueue,
  cns: number,
  nsid = 0,
): Generator<Wait, Answer, void> =>
  admin.ask(
    thread,
    queue,
    `Identify ${cns}`,
    (command) => commands.identify(command, cns, nsid),
    commands.STRUCTURE_SIZE,
  );

/** How many I/O queues it grants of those that are wanted. */
export function* askQueues(
  admin: Admin,
  thread: Thread,
  queue: HostQueue,
  wanted: number,
): Generator<Wait, number | Failed, void> {
  const answer = yield* admin.ask(thread, queue, 'Set Features 07h', (command) =>
    commands.setQueues(command, wanted),
  );
  if (answer.failure !== '') return answer;
  const { nsqa, ncqa } = nvme.CQEQueues.get;
  return Math.min(wanted, nsqa(answer.result, 0) + 1, ncqa(answer.result, 0) + 1);
}

/** All namespaces that are there. */
export function* scan(
  admin: Admin,
  thread: Thread,
  queue: HostQueue,
): Generator<Wait, NamespaceFacts[] | Failed, void> {
  const list = yield* ask(admin, thread, queue, CNS.active);
  if (list.failure !== '') return list;
  const found: NamespaceFacts[] = [];
  const { size } = nvme.NamespaceEntry;
  for (let at = 0; at < list.data.length; at += size) {
    const nsid = nvme.NamespaceEntry.get.nsid(list.data, at);
    if (nsid === 0) break;
    const identifiers = yield* ask(admin, thread, queue, CNS.descriptors, nsid);
    const namespace = yield* ask(admin, thread, queue, CNS.namespace, nsid);
    if (queue.why !== '') return failed(queue.why);
    // One that cannot be read, or has no blocks, has gone meanwhile.
    const facts = namespace.failure === '' ? namespaceFacts(nsid, namespace.data) : undefined;
    if (facts) found.push({ ...facts, uuid: uuidIn(identifiers.data) });
  }
  return found;
}

function namespaceFacts(nsid: number, b: Uint8Array): Omit<NamespaceFacts, 'uuid'> | undefined {
  const { nsze, ncap, flbasLow, nsattrProtected } = nvme.IdentifyNamespace.get;
  const formatAt = nvme.IdentifyNamespace.size + flbasLow(b, 0) * nvme.LBAFormat.size;
  const blockShift = nvme.LBAFormat.get.lbads(b, formatAt);
  if (ncap(b, 0) === 0n || blockShift < LEAST_SHIFT || blockShift > MOST_SHIFT) return undefined;
  const sizeBytes = Number(nsze(b, 0)) * 2 ** blockShift;
  return { nsid, blockShift, sizeBytes, readOnly: nsattrProtected(b, 0) === 1 };
}

function uuidIn(b: Uint8Array): Uint8Array {
  const { NamespaceDescriptor } = nvme;
  for (let at = 0; at + NamespaceDescriptor.size <= b.length; ) {
    const size = NamespaceDescriptor.get.nidl(b, at);
    if (size === 0) break;
    const from = at + NamespaceDescriptor.size;
    if (NamespaceDescriptor.get.nidt(b, at) === UUID && size === UUID_SIZE)
      return b.slice(from, from + size);
    at = from + size;
  }
  return new Uint8Array(UUID_SIZE);
}

/** Reads which namespaces changed, so that the next change is told again. */
export const readChanges = (
  admin: Admin,
  thread: Thread,
  queue: HostQueue,
): Generator<Wait, Answer, void> =>
  admin.ask(
    thread,
    queue,
    'Get Log Page 04h',
    (command) =>
      commands.getLog(command, LOG.changed, commands.STRUCTURE_SIZE, commands.EVERY_NAMESPACE),
    commands.STRUCTURE_SIZE,
  );

/** A record of the discovery log. */
export interface Discovered {
  readonly subnqn: string;
  readonly transport: 'rdma' | 'tcp' | 'other';
  readonly address: string;
  readonly service: string;
  /** Another discovery subsystem, or this one. */
  readonly isDiscovery: boolean;
}

const NVM_SUBSYSTEM = 2;
const RDMA = 1;
const TCP = 3;
/** The log is read again where it changed meanwhile, but not for ever. */
const READS = 10;

export function* readDiscovery(
  admin: Admin,
  thread: Thread,
  queue: HostQueue,
  mostBytes: number,
): Generator<Wait, Discovered[] | Failed, void> {
  const { DiscoveryLog, DiscoveryEntry } = nvme;
  const read = (length: number) =>
    admin.ask(
      thread,
      queue,
      'Get Log Page 70h',
      (command) => commands.getLog(command, LOG.discovery, length, 0),
      length,
    );
  for (let i = 0; i < READS; i++) {
    const head = yield* read(DiscoveryLog.size);
    if (head.failure !== '') return head;
    const count = Number(DiscoveryLog.get.numrec(head.data, 0));
    const length = DiscoveryLog.size * (1 + count);
    if (length > mostBytes) return failed(`the discovery log has ${count} records`, true);
    const whole = yield* read(length);
    if (whole.failure !== '') return whole;
    const { genctr, numrec } = DiscoveryLog.get;
    const isSame =
      genctr(head.data, 0) === genctr(whole.data, 0) && Number(numrec(whole.data, 0)) === count;
    if (!isSame) continue;
    return Array.from({ length: count }, (_, n) => {
      const at = DiscoveryLog.size * (1 + n);
      const { subnqn, traddr, trsvcid, trtype, subtype } = DiscoveryEntry.decode(whole.data, at);
      return {
        subnqn: textOf(subnqn),
        transport: trtype === RDMA ? 'rdma' : trtype === TCP ? 'tcp' : 'other',
        address: textOf(traddr),
        service: textOf(trsvcid),
        isDiscovery: subtype !== NVM_SUBSYSTEM,
      };
    });
  }
  return failed('the discovery log changes all the time');
}
