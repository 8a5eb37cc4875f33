// How a guest finds an 8254x and makes it its network (Linux's e1000_probe and e1000_up): its address, its rings, a kernel on top.

import type { Thread, Wait } from '../../cpu/index.js';
import type { Kernel } from '../../kernel/index.js';
import { valueBytes } from '../../memory/physical-bytes.js';
import { type GuestNetworkOptions, giveKernel } from '../virtio/net-probe.js';
import type { E1000 } from './e1000.js';
import { E1000Card, RECEIVE_ENTRIES, SEND_ENTRIES } from './e1000-card.js';
import {
  Causes,
  Control,
  IMC_AT,
  IMS_AT,
  LEGACY_BYTES,
  RAH_AT,
  RAL_AT,
  RCTL_AT,
  RDBAH_AT,
  RDBAL_AT,
  RDH_AT,
  RDLEN_AT,
  RDT_AT,
  REGISTER_BYTES,
  TCTL_AT,
  TDBAH_AT,
  TDBAL_AT,
  TDH_AT,
  TDLEN_AT,
  TDT_AT,
} from './e1000-registers.js';
import { touch } from './process.js';

const MAC_BYTES = 6;

export function* probeE1000(
  device: E1000,
  thread: Thread,
  network: GuestNetworkOptions,
): Generator<Wait, Kernel, void> {
  const { vm, profile } = device;
  const write = function* (offset: number, bytes: Uint8Array): Generator<Wait, void, void> {
    yield* touch(vm, thread, profile.registerNs, (own) => device.write(own, offset, bytes));
  };
  const address = new Uint8Array(2 * REGISTER_BYTES);
  for (const [i, offset] of [RAL_AT, RAH_AT].entries()) {
    const into = address.subarray(i * REGISTER_BYTES, (i + 1) * REGISTER_BYTES);
    yield* touch(vm, thread, profile.registerNs, () => {
      device.state.read(offset, into);
      return undefined;
    });
  }
  yield* write(IMC_AT, new Uint8Array(REGISTER_BYTES).fill(0xff));
  const card = new E1000Card(device);
  // Legacy descriptors cut nothing: the guest's kernel does.
  const options = { ...network, kernel: { ...network.kernel, tso: false } };
  const link = { mac: address.slice(0, MAC_BYTES), mtu: device.mtu };
  const kernel = giveKernel(vm, options, link, () => card);
  device.connect(card.handler(kernel));
  const [send] = card.transmitSides;
  const [receive] = card.receiveSides;
  yield* write(TDBAL_AT, valueBytes(send.address));
  yield* write(TDBAH_AT, valueBytes(0));
  yield* write(TDLEN_AT, valueBytes(SEND_ENTRIES * LEGACY_BYTES));
  yield* write(TDH_AT, valueBytes(0));
  yield* write(TDT_AT, valueBytes(0));
  yield* write(TCTL_AT, Control.encode({ en: 1 }));
  yield* write(RDBAL_AT, valueBytes(receive.address));
  yield* write(RDBAH_AT, valueBytes(0));
  yield* write(RDLEN_AT, valueBytes(RECEIVE_ENTRIES * LEGACY_BYTES));
  yield* write(RDH_AT, valueBytes(0));
  yield* write(RDT_AT, valueBytes(receive.tail));
  yield* write(RCTL_AT, Control.encode({ en: 1 }));
  card.kernel = kernel;
  yield* write(IMS_AT, Causes.encode({ rxt0: 1, txdw: 1, rxdmt0: 1, rxseq: 1, lsc: 1 }));
  return kernel;
}
