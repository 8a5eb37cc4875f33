// A path over every carrier, for tests of what is written by templates.

import { type AhAttr, gidOf, pathOf } from '../../src/rdma/address.js';

const mac = Uint8Array.of(2, 0, 0, 0, 0, 1);

/** The same ones each time. */
export const paths = () => {
  const to = (type: 'RoCE v1' | 'RoCE v2', own: string, attr: AhAttr, native = false) =>
    pathOf(
      { mac, gids: [{ bytes: gidOf(own), type }], lid: 1, native },
      () => mac,
      attr,
      0xc001,
      1,
      0xfffe,
    );
  const v4 = { grh: { dgid: gidOf('10.0.0.2'), trafficClass: 5 } };
  const v6 = { grh: { dgid: gidOf('fe80::2'), flowLabel: 77 } };
  return {
    'RoCE v2 over IPv4': to('RoCE v2', '10.0.0.1', v4),
    'with a VLAN': to('RoCE v2', '10.0.0.1', { ...v4, vlanId: 5, sl: 3 }),
    'RoCE v2 over IPv6': to('RoCE v2', 'fe80::1', v6),
    'RoCE v1': to('RoCE v1', 'fe80::1', v6),
    'native, global': to('RoCE v2', 'fe80::1', { ...v6, dlid: 9 }, true),
    'native, local': to('RoCE v2', 'fe80::1', { dlid: 9, sl: 2 }, true),
  };
};
