// The captures that are shipped: people's first look at the project had better be a clean one.

import { fileURLToPath } from 'node:url';
import { check } from '../protocols/index.js';
import { openCapture } from '../src/capture/index.js';
import { Inspector } from '../src/inspect/index.js';
import { assert, spec } from './support/spec.js';

const examples = {
  'rdma-write.pcapng': 'bth',
  'iwarp-rping.pcapng': 'ddp-untagged',
  'nvme-tcp-discovery.pcapng': 'nvme-tcp',
};

spec('examples', (it) => {
  for (const [name, key] of Object.entries(examples)) {
    it(`has nothing wrong in ${name}`, async () => {
      const path = fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
      const inspector = new Inspector();
      const capture = await openCapture(path);
      const keys = new Set<string>();
      for await (const { bytes, at, end, linkType } of capture) {
        const frame = inspector.inspect(bytes, { start: at, end, linkType });
        assert.equal(check(frame).findings, [], `frame ${frame.number}`);
        for (const layer of frame.layers) keys.add(layer.key);
      }
      assert.is(capture.damage, null);
      assert.ok(capture.file?.comments[0]?.includes('Linux 6.1'));
      assert.ok(keys.has(key));
    });
  }
});
