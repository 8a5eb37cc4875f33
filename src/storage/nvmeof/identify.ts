// What Identify tells (Base 2.0 5.17, NVM Command Set 1.0 4.1.5), by CNS. Where fields differ from those of Linux's target
// is in the README.

import { nvme } from '../../../protocols/index.js';
import { CDW_AT } from '../../../protocols/nvme/sqe-header.js';
import { type Controller, KEEP_ALIVE_UNIT_MS, MOST_ABORTS } from './controller.js';
import { ERROR_ENTRIES } from './error-log.js';
import { MOST_EVENT_REQUESTS } from './event.js';
import type { Request } from './request.js';
import { STATUS } from './status.js';
import { MOST_NAMESPACES } from './subsystem.js';
import { BOOT_ID_AT } from './target.js';

/** Every structure has as many bytes. */
export const STRUCTURE_SIZE = 4096;

type Structure = (request: Request, controller: Controller) => Uint8Array | undefined;

const NSID_SIZE = 4;
/** Entries of a namespace list (Base 2.0 4.5.1). */
const LIST_ENTRIES = STRUCTURE_SIZE / NSID_SIZE;
/** NSIDs that name all namespaces, or none. */
const LAST_NSIDS = 0xfffffffe;
const NVM = 0;
const UUID = 3;
const CSI = 4;

/** Text filled up with spaces (Base 2.0 1.4.2). */
const padded = (text: string, size: number): Uint8Array =>
  new TextEncoder().encode(text.slice(0, size).padEnd(size));
/** Text filled up with zeros. */
const named = (text: string, size: number): Uint8Array => {
  const bytes = new Uint8Array(size);
  bytes.set(new TextEncoder().encode(text));
  return bytes;
};

/** What every controller of ours tells of itself. */
function common({ subsystem, port, cntlid }: Controller) {
  const { transport } = port;
  return {
    sn: padded(subsystem.serial, 20),
    mn: padded('wireverbs', 40),
    fr: padded('1', 8),
    cntlid,
    verMjr: 1,
    verMnr: 3,
    lpaExtended: 1,
    maxcmd: 1024,
    sgls: 1,
    sglsKeyed: transport.keyed ? 1 : 0,
    sglsOffset: 1,
    subnqn: named(subsystem.nqn, 256),
  };
}

function page(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(STRUCTURE_SIZE);
  whole.set(bytes);
  return whole;
}

/** In 16 bytes, an entry included. */
const capsule = (inline: number) => (nvme.SQE_SIZE + inline) / 16;

function ofController(_request: Request, controller: Controller): Uint8Array {
  const { transport } = controller.port;
  const whole = page(
    nvme.IdentifyController.encode({
      ...common(controller),
      cntrltype: 1,
      rab: 6,
      multiPort: 1,
      multiController: 1,
      ana: 1,
      mdts: transport.mdts,
      oaesNamespace: 1,
      hids: 1,
      tbkas: 1,
      acl: MOST_ABORTS - 1,
      aerl: MOST_EVENT_REQUESTS - 1,
      slot1ReadOnly: 1,
      slots: 1,
      lpaSmart: 1,
      lpaEffects: 1,
      elpe: ERROR_ENTRIES - 1,
      kas: KEEP_ALIVE_UNIT_MS / 100,
      anatt: 10,
      anaOptimized: 1,
      anagrpmax: 1,
      nanagrpid: 1,
      sqesMin: 6,
      sqesMax: 6,
      cqesMin: 4,
      cqesMax: 4,
      nn: MOST_NAMESPACES,
      mnan: MOST_NAMESPACES,
      oncsCompare: 1,
      oncsDsm: 1,
      oncsWriteZeroes: 1,
      oncsVerify: 1,
      vwc: 1,
      ioccsz: capsule(transport.inlineBytes),
      iorcsz: 1,
      msdbd: 1,
    }),
  );
  whole.set(controller.target.bootId, BOOT_ID_AT);
  // A power state that says something, or hosts reckon with none (as Linux's target does).
  nvme.PowerState.encode({ mp: 2500, enlat: 16, exlat: 4 }, whole, nvme.IdentifyController.size);
  return whole;
}

function ofDiscovery(_request: Request, controller: Controller): Uint8Array {
  return page(
    nvme.IdentifyController.encode({ ...common(controller), cntrltype: 2, oaesDiscovery: 1 }),
  );
}

/** A namespace that is not there is zeros (Base 2.0 5.17.2.1): an inactive one. */
function ofNamespace(request: Request, { subsystem }: Controller): Uint8Array | undefined {
  const { nsid } = request;
  if (nsid === 0 || nsid >= LAST_NSIDS) {
    request.fail(STATUS.invalidNamespace);
    return undefined;
  }
  const namespace = subsystem.namespace(nsid);
  const whole = new Uint8Array(STRUCTURE_SIZE);
  if (!namespace) return whole;
  const { volume, blockSize, blockShift } = namespace;
  const blocks = BigInt(namespace.blocks);
  const granule = Math.max(volume.preferredBlock / blockSize, 1) - 1;
  const fields = {
    nsze: blocks,
    ncap: blocks,
    nuse: blocks,
    nsabp: 1,
    optperf: 1,
    nmicShared: 1,
    npwg: granule,
    npwa: granule,
    npdg: granule,
    npda: granule,
    anagrpid: 1,
    nsattrProtected: volume.readOnly ? 1 : 0,
  };
  nvme.IdentifyNamespace.encode(fields, whole);
  nvme.LBAFormat.encode({ lbads: blockShift }, whole, nvme.IdentifyNamespace.size);
  return whole;
}

function activeList(request: Request, { subsystem }: Controller): Uint8Array | undefined {
  const { nsid } = request;
  if (nsid >= LAST_NSIDS) {
    request.fail(STATUS.invalidNamespace);
    return undefined;
  }
  return page(nsidList(subsystem.nsids.filter((id) => id > nsid).slice(0, LIST_ENTRIES)));
}

/** As lists of namespaces are in structures and logs. */
export function nsidList(nsids: readonly number[]): Uint8Array {
  const { size } = nvme.NamespaceEntry;
  const list = new Uint8Array(nsids.length * size);
  nsids.forEach((nsid, i) => {
    nvme.NamespaceEntry.set.nsid(list, i * size, nsid);
  });
  return list;
}

function descriptors(request: Request, { subsystem }: Controller): Uint8Array | undefined {
  const namespace = subsystem.namespace(request.nsid);
  if (!namespace) {
    request.fail(STATUS.invalidNamespace);
    return undefined;
  }
  const whole = new Uint8Array(STRUCTURE_SIZE);
  const { NamespaceDescriptor } = nvme;
  let at = 0;
  const add = (nidt: number, nid: Uint8Array) => {
    NamespaceDescriptor.encode({ nidt, nidl: nid.length, nid }, whole, at);
    at += NamespaceDescriptor.size + nid.length;
  };
  add(UUID, namespace.uuid);
  add(CSI, Uint8Array.of(NVM));
  return whole;
}

/** CNS 05h and 06h: nothing of the NVM command set beyond what others say; no other set is here. */
const ofCommandSet: Structure = ({ sqe }) =>
  nvme.Identify.get.csi(sqe, CDW_AT) === NVM ? new Uint8Array(STRUCTURE_SIZE) : undefined;

export const identify: Readonly<Record<number, Structure>> = {
  0: ofNamespace,
  1: ofController,
  2: activeList,
  3: descriptors,
  6: ofCommandSet,
};

export const discoveryIdentify: Readonly<Record<number, Structure>> = { 1: ofDiscovery };
