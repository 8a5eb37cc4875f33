// Capsules and structures by themselves: what is built is read again, and whatever the bytes are, every reader
// ends and its layers tile them.

import * as fc from 'fast-check';
import {
  build,
  nvme,
  type Protocol,
  parseHex,
  part,
  protocolByKey,
} from '../../../protocols/index.js';
import { dataOf, queueOf } from '../../../protocols/nvme/data.js';
import { assert, spec } from '../../support/spec.js';
import { dissectFrom } from '../../support/unit.js';

const keys = (layers: readonly { key: string }[]) => layers.map((l) => l.key).join(' ');

// Connect on an admin queue over RDMA, from a capture of Linux 6.1's host: the length of its keyed SGL has 24
// bits, the key is unaligned and little-endian (the READ that serves it names R_Key 000024d6h).
const CONNECT_RDMA = parseHex(
  `7f40000001${'00'.repeat(19)}00f40bdca7e82eff000400d62400004f` +
    `00000000 1f00 0000 88130000 ${'00'.repeat(12)}`.replaceAll(' ', ''),
);

spec('NVMe/RDMA capsules', (it) => {
  it('reads the keyed SGL of a Linux host', () => {
    const { layers, stop } = dissectFrom(nvme.sqe, CONNECT_RDMA);
    assert.is(stop, null);
    assert.is(keys(layers), 'sqe sqe-fabrics sgl-keyed nvme-connect');
    assert.is(layers[2]!.get('length'), 1024);
    assert.is(layers[2]!.get('key'), 0x24d6);
    assert.is(layers[2]!.get('addr'), 0xff2ee8a7dc0bf400n);
    assert.is(layers[3]!.get('kato'), 5000);
  });

  it('builds the same capsule from what cannot be derived', () => {
    const { bytes } = build([
      nvme.sqe(),
      nvme.sqeFabrics(),
      nvme.sglKeyed({ addr: 0xff2ee8a7dc0bf400n, length: 1024, key: 0x24d6 }),
      nvme.connect({ sqsize: 31, kato: 5000 }),
    ]);
    assert.equal([...bytes], [...CONNECT_RDMA]);
  });

  it('finds the ranges behind a Dataset Management command and leaves their unused room', () => {
    const { bytes } = build([
      nvme.sqe(),
      nvme.sqeNamespace({ nsid: 1 }),
      nvme.sgl({ length: 4096 }),
      nvme.dsm({ nr: 0, ad: 1 }),
      nvme.dsmRange({ length: 8, slba: 64 }),
      new Uint8Array(4080),
    ]);
    assert.is(nvme.SQE.get.opcode(bytes, 0), 9);
    const { layers } = dissectFrom(nvme.sqe, bytes, { nvme: { queue: 'io' } });
    assert.is(keys(layers), 'sqe sqe-ns sgl nvme-dsm nvme-dsm-range nvme-unused');
  });

  it('names the parameter that a refused Connect was wrong about', () => {
    const { bytes } = build([
      nvme.cqeConnectError({ ipo: 16, iattr: 'DATA' }),
      nvme.cqe({ cid: 5, sct: 'COMMAND_SPECIFIC', sc: 0x82 }),
    ]);
    const context = {
      nvme: { resultOf: (of: number) => (of === 5 ? nvme.cqeConnect : undefined) },
    };
    const { layers } = dissectFrom(nvme.cqeResult, bytes, context);
    assert.is(keys(layers), 'cqe-connect-error cqe');
    assert.equal([layers[0]!.get('ipo'), layers[0]!.get('iattr')], [16, 1]);
  });
});

spec('Which data an NVMe command has', (it) => {
  const command = (...layers: Parameters<typeof build>[0]) =>
    build([nvme.sqe(), nvme.sqeNamespace({ nsid: 1 }), ...layers]).bytes;
  const log = (lid: number, lpo: bigint, ot = 0) =>
    dataOf(command(nvme.sglTransport(), nvme.getLogPage({ lid, lpo, ot })), 0, 'admin')?.key;

  it('is a log page, or the rest of a list that is read from one of its entries on', () => {
    assert.is(log(0x70, 0n), 'nvme-discovery');
    assert.is(log(0x70, 2048n), 'nvme-discovery-entry');
    assert.is(log(0x01, 128n), 'nvme-error');
    assert.is(log(0x04, 4n), 'nvme-nsid');
  });

  it('is not known in the middle of an entry, of a log that is no list, or by an index', () => {
    assert.is(log(0x70, 1000n), undefined);
    assert.is(log(0x02, 64n), undefined);
    assert.is(log(0x01, 64n, 1), undefined);
  });

  it('follows the command set and the extended data structure that the command asks for', () => {
    const identify = (cns: number, csi: number) =>
      dataOf(command(nvme.sglTransport(), nvme.identify({ cns, csi })), 0)?.key;
    assert.equal([identify(5, 0), identify(5, 2)], ['nvme-id-ns-nvm', undefined]);
    const report = (eds: number) =>
      dataOf(command(nvme.sglTransport(), nvme.reservationReport({ eds })), 0, 'io')?.key;
    assert.is(report(0), 'nvme-reservation-status');
    assert.is(report(1), 'nvme-reservation-status-ext');
  });

  it('tells Read from Get Log Page by its length where the queue is not known', () => {
    const numdl = 4096 / 4 - 1;
    const page = nvme.getLogPage({ lid: 2, numdl });
    const read = nvme.read({ slba: 7n, nlb: 7 });
    for (const pointer of [
      nvme.sglTransport({ length: 4096 }),
      nvme.sglKeyed({ length: 4096, key: 0xff }),
    ]) {
      assert.is(queueOf(command(pointer, page), 0), 'admin');
      assert.is(queueOf(command(pointer, read), 0), 'io');
      assert.is(queueOf(command(pointer, nvme.read({ nlb: 2 })), 0), undefined);
    }
  });
});

spec('Property Set', (it) => {
  it('carries its value in the form of the property, which names the offset', () => {
    const { bytes } = build([
      nvme.sqe({ cid: 1 }),
      nvme.sqeFabrics(),
      nvme.sglTransport(),
      nvme.propertySet(),
      part(protocolByKey.get('nvme-cc')!, { en: 1, iosqes: 6, iocqes: 4 }),
      nvme.propertySetTail(),
    ]);
    const { layers, stop } = dissectFrom(nvme.sqe, bytes);
    assert.is(stop, null);
    assert.is(
      keys(layers),
      'sqe sqe-fabrics sgl-transport nvme-property-set nvme-cc nvme-property-set-tail',
    );
    assert.is(layers[3]!.get('offset'), 0x14);
  });
});

spec('NVMe structures of any bytes', (it) => {
  /** Structures that stand by themselves. */
  const roots: readonly Protocol[] = [
    nvme.tcp,
    nvme.sqe,
    nvme.cqeResult,
    nvme.identifyController,
    nvme.identifyNamespace,
    nvme.namespaceEntry,
    nvme.namespaceDescriptor,
    nvme.controllerList,
    nvme.errorEntry,
    nvme.effects,
    nvme.anaLog,
    nvme.discoveryLog,
    nvme.dsmRange,
    nvme.reservationStatus,
    nvme.reservationStatusExtended,
    nvme.identifyNvmNamespace,
    nvme.discoveryEntry,
  ];
  const queues = ['admin', 'io', undefined] as const;

  it('are tiled by the layers of every reader', () => {
    const bytesOf = fc.uint8Array({ maxLength: 5000, size: 'max' });
    const once = fc.property(bytesOf, fc.nat(), (bytes, pick) => {
      for (const root of roots) {
        const { layers } = dissectFrom(root, bytes, { nvme: { queue: queues[pick % 3] } });
        let at = 0;
        for (const layer of layers) {
          assert.is(layer.at, at, `${root.key}: ${layer.key}`);
          at = layer.end;
        }
        assert.is(at, bytes.length, root.key);
      }
    });
    fc.assert(once, { numRuns: 60 });
  });

  it('have a bounded number of layers', () => {
    for (const root of roots) {
      const { layers } = dissectFrom(root, new Uint8Array(65536).fill(1));
      assert.ok(layers.length <= 300, `${root.key}: ${layers.length}`);
    }
  });
});
