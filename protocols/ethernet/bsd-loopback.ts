// What BSDs and macOS write in front of packets on loopback interfaces and tunnels: four bytes that name the address
// family, in the byte order of the capturing host (link type 0, NULL) or of networks (108, LOOP).

import { following } from '../core/bind.js';
import { uint } from '../core/field.js';
import { header } from '../core/header.js';
import { protocol } from '../core/protocol.js';

/** AF_INET6 has another number on each system (tcpdump.org, LINKTYPE_NULL). */
const names = { 2: 'INET', 24: 'INET6_NETBSD', 28: 'INET6_FREEBSD', 30: 'INET6_DARWIN' } as const;
const family = uint(32, 'family', 'address family', { names, alias: 'null.family' });

export const BSDNull = header('BSDNull', [family], {
  key: 'null',
  title: 'BSD loopback',
  section: 'LINKTYPE_NULL',
  order: 'le',
});

export const BSDLoop = header('BSDLoop', [family], {
  key: 'loop',
  title: 'BSD loopback, network byte order',
  section: 'LINKTYPE_LOOP',
});

export const bsdNull = protocol(BSDNull, {
  read(walk) {
    const at = walk.take(bsdNull);
    if (at < 0) return null;
    const { bytes } = walk;
    // A host that writes the highest byte first gives away that it does: no family is that large.
    return (
      walk.next('address-family', BSDNull.get.family(bytes, at)) ??
      walk.next('address-family', BSDLoop.get.family(bytes, at))
    );
  },
  derive: { family: following('address-family') },
  label: 'NULL',
});

export const bsdLoop = protocol(BSDLoop, {
  read(walk) {
    const at = walk.take(bsdLoop);
    return at < 0 ? null : walk.next('address-family', BSDLoop.get.family(walk.bytes, at));
  },
  derive: { family: following('address-family') },
  label: 'LOOP',
});
