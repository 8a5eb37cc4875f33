// Captures of Linux 6.1's NVMe/TCP host and nvmet, dissected with what the connection tells.

import { check, type Layer, type Scene } from '../../../protocols/index.js';
import { Inspector } from '../../../src/inspect/index.js';
import { capturedFrames } from '../../support/capture.js';
import { assert, spec } from '../../support/spec.js';

/** Frames and the units that became whole with them. */
function scenes(name: string): Scene[] {
  const inspector = new Inspector();
  return capturedFrames(name).flatMap(({ bytes, linkType }) => {
    const frame = inspector.inspect(bytes, { linkType });
    return [...frame.messages, frame];
  });
}

const isNvme = (layer: Layer) => layer.protocol.header.family === 'nvme';

function all(found: readonly Scene[], key: string): Layer[] {
  return found.flatMap((s) => s.layers.filter((l) => l.key === key));
}

const only = (found: readonly Scene[], key: string): Layer => {
  const layers = all(found, key);
  assert.ok(layers.length > 0, `no ${key}`);
  return layers.at(-1)!;
};

const text = (layer: Layer, field: string) =>
  new TextDecoder().decode(layer.get(field) as Uint8Array).replace(/[\0 ]+$/, '');

for (const [name, pdus, digests] of [
  ['nvme-tcp-connect.pcap', 110, 0],
  ['nvme-tcp-namespace-change.pcap', 72, 0],
  ['nvme-tcp.pcap.gz', 1014, 1292],
] as const) {
  spec(name, (it) => {
    const found = scenes(name);

    it('holds as many PDUs as tshark finds', () => {
      assert.is(all(found, 'nvme-tcp').length, pdus);
    });

    it('is encoded again from its fields to the same bytes', () => {
      for (const layer of found.flatMap((s) => s.layers.filter(isNvme))) {
        const again = layer.protocol.header.encode(layer.fields());
        assert.equal([...again], [...layer.bytes.subarray(layer.at, layer.end)], layer.key);
      }
    });

    it('has right lengths and digests everywhere', () => {
      let verified = 0;
      for (const scene of found) {
        const { findings, verified: fields } = check(scene);
        assert.equal(findings, []);
        verified += fields.filter((v) => v.field === 'digest').length;
      }
      assert.is(verified, digests);
    });
  });
}

// Values as tshark 4.0 prints them for the same frames.
spec('NVMe structures', (it) => {
  const found = scenes('nvme-tcp.pcap.gz');

  it('reads what the controller says of itself', () => {
    const id = only(found, 'nvme-id-ctrl');
    assert.is(text(id, 'mn'), 'Linux');
    assert.is(id.get('kas'), 10);
    assert.is(id.get('maxcmd'), 1024);
    assert.is(id.get('vwc'), 1);
    assert.is(id.get('ioccsz'), (64 + 16384) / 16);
    assert.is(id.get('sglsOffset'), 1);
  });

  it('reads a namespace with its format and descriptors', () => {
    assert.is(only(found, 'nvme-id-ns').get('nsze'), 0xc000n);
    assert.is(only(found, 'nvme-lbaf').get('lbads'), 9);
    assert.is(only(found, 'nvme-nsid').get('nsid'), 1);
    const kinds = all(found, 'nvme-ns-desc').map((l) => l.number('nidt'));
    assert.ok(kinds.includes(3) && kinds.includes(4));
  });

  it('reads the discovery log with the TCP address of the subsystem', () => {
    const entry = only(found, 'nvme-discovery-entry');
    assert.is(entry.get('trtype'), 3);
    assert.is(text(entry, 'trsvcid'), '4420');
    assert.is(text(entry, 'traddr'), '10.0.0.1');
    assert.ok(all(found, 'nvme-tsas-tcp').length > 0);
  });

  it('names supported commands by where they stand in the effects log', () => {
    const scene = found.find((s) => s.layers.some((l) => l.key === 'nvme-effects'))!;
    const names = scene.layers.flatMap((l, i) =>
      l.key === 'nvme-effects' ? [l.protocol.info!(l, scene, i)] : [],
    );
    // nvmet's list (Linux 6.1 drivers/nvme/target/admin-cmd.c); tshark 4.0 shows I/O opcodes one too low.
    assert.equal(names, [
      'admin GET_LOG_PAGE',
      'admin IDENTIFY',
      'admin ABORT',
      'admin SET_FEATURES',
      'admin GET_FEATURES',
      'admin ASYNC_EVENT_REQUEST',
      'admin KEEP_ALIVE',
      'I/O FLUSH',
      'I/O WRITE',
      'I/O READ',
      'I/O WRITE_ZEROES',
      'I/O DATASET_MANAGEMENT',
    ]);
  });

  it('reads the completions of features and asynchronous events in their form', () => {
    const changed = scenes('nvme-tcp-namespace-change.pcap');
    const event = only(changed, 'cqe-async-event');
    assert.equal([event.get('aet'), event.get('aei'), event.get('lid')], [2, 0, 4]);
    assert.is(only(found, 'cqe-queues').get('nsqa'), 0x7f);
  });
});
