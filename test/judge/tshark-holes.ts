// Where tshark 4.0 and we may differ, each with its reason. Everything that is not in these tables must be equal.

/** Names; '*' stands for anything. */
type Table = Readonly<Record<string, string>>;

/** Fields of tshark that we do not have as fields. */
export const notOurs: Table = {
  'eth.addr*': 'either address again',
  'eth.dst_resolved': 'text looked up',
  'eth.src_resolved': 'text looked up',
  'eth.dst.*': 'parts of the address',
  'eth.src.*': 'parts of the address',
  'eth.ig': 'a bit of the address',
  'eth.lg': 'a bit of the address',
  'ip.dsfield': 'DSCP and ECN together',
  'ip.flags': 'the three flags together',
  'ip.addr': 'either address again',
  'ip.host': 'either address again',
  'ip.src_host': 'text looked up',
  'ip.dst_host': 'text looked up',
  'ip.checksum.status': 'a verdict',
  'ipv6.addr': 'either address again',
  'ipv6.host': 'either address again',
  'ipv6.src_host': 'text looked up',
  'ipv6.dst_host': 'text looked up',
  'ipv6.tclass': 'DSCP and ECN together',
  'ipv6.hopopts.len_oct': 'the length in bytes',
  'ipv6.opt': 'the whole option',
  'ipv6.opt.type.*': 'parts of the type',
  'ipv6.src_slaac_mac': 'an Ethernet address worked out from the interface identifier',
  'ipv6.dst_slaac_mac': 'an Ethernet address worked out from the interface identifier',
  'ipv6.slaac_mac': 'an Ethernet address worked out from the interface identifier',
  'ipv6.src_sa_mac': 'an Ethernet address worked out from the interface identifier',
  'ipv6.dst_sa_mac': 'an Ethernet address worked out from the interface identifier',
  'ipv6.sa_mac': 'an Ethernet address worked out from the interface identifier',
  'icmp.checksum.status': 'a verdict',
  'icmp.ident_le': 'the identifier in the other byte order',
  'icmp.seq_le': 'the sequence number in the other byte order',
  'icmp.resp*': 'what tshark found in other frames',
  'icmp.data_time*': 'what ping may have put into its data',
  'icmpv6.checksum.status': 'a verdict',
  'icmpv6.resp*': 'what tshark found in other frames',
  'icmpv6.reserved': 'reserved bits of ours have no alias; re-encoding compares them',
  'icmpv6.opt': 'the whole option',
  'icmpv6.opt.linkaddr': 'the address again, under a name that does not say whose it is',
  'icmpv6.mldr.mar': 'the whole record',
  'udp.port': 'either port again',
  'udp.stream': 'a number that tshark gave',
  'udp.time_*': 'differences of timestamps',
  'udp.payload': 'what UDP carries',
  'udp.checksum.status': 'a verdict',
  'ip.flags.rb': 'reserved bits of ours have no alias; re-encoding compares them',
  'infiniband.reserved': 'reserved bits of ours have no alias; re-encoding compares them',
  'infiniband.bth.reserved7': 'reserved bits of ours have no alias; re-encoding compares them',
  'infiniband.aeth': 'the whole header',
  'infiniband.aeth.syndrome.*': 'parts of the syndrome, which we show in words',
  'infiniband.atomicacketh': 'the whole header',
  'infiniband.atomiceth': 'the whole header',
  'infiniband.bth': 'the whole header',
  'infiniband.deth': 'the whole header',
  'infiniband.reth': 'the whole header',
  'infiniband.immdt': 'the whole header',
  'infiniband.mad': 'the whole header',
  'infiniband.mad.data': 'all behind the header, which we dissect',
  'infiniband.smplid.smpdata': 'a wrong guess: CM data is no SMP data',
  'infiniband.cm.req.prim_flowlabel':
    'read from the wrong bytes: its word is four bytes long, not three',
  'infiniband.cm.req.prim_reserved0':
    'read from the wrong bytes: its word is four bytes long, not three',
  'infiniband.cm.req.prim_pktrate':
    'read from the wrong bytes: its word is four bytes long, not three',
  'infiniband.cm.req.alt_flowlabel':
    'read from the wrong bytes: its word is four bytes long, not three',
  'infiniband.cm.req.alt_reserved0':
    'read from the wrong bytes: its word is four bytes long, not three',
  'infiniband.cm.req.alt_pktrate':
    'read from the wrong bytes: its word is four bytes long, not three',
  'infiniband.cm.req.prim_reserved1':
    'reserved bits of ours have no alias; re-encoding compares them',
  'infiniband.cm.req.prim_reserved2':
    'reserved bits of ours have no alias; re-encoding compares them',
  'infiniband.cm.req.alt_reserved1':
    'reserved bits of ours have no alias; re-encoding compares them',
  'infiniband.cm.req.serviceid.*': 'parts of an RDMA IP CM service ID',
  'infiniband.cm.req.ip_cm': 'all private data, which we dissect',
  'infiniband.cm.req.ip_cm.private': 'private data of a service; layers of their own',
  'infiniband.cm.req.ip_cm.reserved':
    'reserved bits of ours have no alias; re-encoding compares them',
  'infiniband.cm.rep.reserved': 'reserved bits of ours have no alias; re-encoding compares them',
  'infiniband.cm.rep.private': 'private data of a service; layers of their own',
  'infiniband.cm.rtu.private': 'private data of a service; layers of their own',
  'infiniband.cm.rej.private': 'private data of a service; layers of their own',
  'infiniband.cm.dreq.private': 'private data of a service; layers of their own',
  'infiniband.cm.drsp.private': 'private data of a service; layers of their own',
  'tcp.analysis*': 'a verdict',
  'tcp.port': 'either port again',
  'tcp.stream': 'a number that tshark gave',
  'tcp.completeness*': 'a verdict on the connection',
  'tcp.len': 'a length that follows from others',
  'tcp.nxtseq': 'a sum',
  'tcp.time_*': 'differences of timestamps',
  'tcp.payload': 'what TCP carries',
  'tcp.segment*': 'what tshark put together',
  'tcp.reassembled*': 'what tshark put together',
  'tcp.pdu*': 'what tshark put together',
  'tcp.checksum.status': 'a verdict',
  'tcp.window_size': 'multiplied by the scale of the connection',
  'tcp.window_size_scalefactor': 'of the connection',
  'tcp.options': 'all options',
  'tcp.flags': 'all flags',
  'tcp.flags.str': 'all flags',
  'tcp.flags.res': 'reserved bits of ours have no alias; re-encoding compares them',
  'tcp.seq': 'relative to the first; tcp.seq_raw is compared',
  'tcp.ack': 'relative to the first; tcp.ack_raw is compared',
  'tcp.connection.*': 'a remark on the flags',
  'tcp.options.nop': 'the whole option',
  'tcp.options.eol': 'the whole option',
  'tcp.options.mss': 'the whole option',
  'tcp.options.sack': 'the whole option',
  'tcp.options.sack.count': 'follows from the length',
  'tcp.options.sack.dsack*': 'a verdict',
  'tcp.options.sack_perm': 'the whole option',
  'tcp.options.timestamp': 'the whole option',
  'tcp.options.wscale': 'the whole option',
  'tcp.options.wscale.multiplier': '2 to the power of the shift count',
  'nvme*.rsvd*': 'reserved bits of ours have no alias; re-encoding compares them',
  'nvme*.rsdv*': 'reserved bits of ours have no alias; re-encoding compares them',
  'nvme*.cmd_pkt': 'a number of a frame',
  'nvme*.cmd_latency': 'a difference of timestamps',
  'nvme-tcp.cmd.qid': 'which queue, as the connection told',
  'nvme-tcp.cmd.data': 'a heading',
  'nvme-tcp.data': 'a heading',
  'nvme-tcp.icreq': 'a heading',
  'nvme-tcp.icresp': 'a heading',
  'nvme-tcp.r2t': 'a heading',
  'nvme-tcp.unknown_data': 'a PDU whose connection it did not see begin',
  'nvme-tcp.flags': 'all flags',
  'nvme-tcp.icreq.digest': 'both digest flags',
  'nvme-tcp.icresp.digest': 'both digest flags',
  'nvme-tcp.hdgst.status': 'a verdict',
  'nvme-tcp.ddgst.status': 'a verdict',
  'iwarp_mpa.fpdu': 'the whole FPDU',
  'iwarp_mpa.req': 'the whole header',
  'iwarp_mpa.rep': 'the whole header',
  'iwarp_mpa.res': 'the S flag of RFC 6581 and reserved bits together',
  'iwarp_mpa.privatedata': 'layers of their own',
  iwarp_ddp: 'the whole header',
  'iwarp_ddp.control_field': 'the whole byte',
  'iwarp_ddp.rsvd': 'reserved bits of ours have no alias; re-encoding compares them',
  'iwarp_ddp.rsvdulp': 'what RDMAP has in DDP, which we dissect',
  'iwarp_ddp.tagged': 'the rest of the header',
  'iwarp_ddp.untagged': 'the rest of the header',
  iwarp_rdma: 'the whole header',
  'iwarp_rdma.control_field': 'the whole byte',
  'iwarp_rdma.rsv': 'reserved bits of ours have no alias; re-encoding compares them',
  'iwarp_rdma.rr': 'the whole header',
};

/** Fields whose PDML value is the whole byte although they are some bits of it: `show` in these units is compared. */
export const shownIn: Readonly<Record<string, number>> = {
  'ip.version': 1,
  'ip.hdr_len': 4,
  'tcp.hdr_len': 4,
  'ipv6.version': 1,
};

/** Fields that mean the same and are yet different, or are not shown where we have them. */
export const differ: Table = {};

/** Names that tshark uses in place of one of ours in some cases; the end of ours is compared where it shows less. */
export const variants: Readonly<Record<string, string>> = {
  'infiniband.cm.req.prim_localgid_ipv4': 'infiniband.cm.req.prim_localgid',
  'infiniband.cm.req.prim_remotegid_ipv4': 'infiniband.cm.req.prim_remotegid',
  'iwarp_rdma.reserved': 'iwarp_rdma.inval_stag',
  // Over RDMA tshark shows the part that is in one packet.
  'nvme.cmd.identify.ns.vs': 'nvme.cmd.identify.ns.vs',
  'nvme.fabrics.cmd.opc': 'nvme.cmd.opc',
  'nvme.fabrics.cmd.cid': 'nvme.cmd.cid',
};

/** Names that tshark shows more often than we have the field. */
export const surplus: Table = {
  'ip.version': 'shown for IPv6 as well, beside ipv6.version',
};

/** Frames at which tshark gives up ('Malformed') in the middle; what it shows of them must be right all the same. */
export const gaveUp: Readonly<Record<string, { readonly frames: number[]; readonly why: string }>> =
  {
    'nvme-rdma-connect.pcap': {
      frames: [139, 140, 141],
      why: 'it reads each packet of a log page as if it were the whole page',
    },
    'nvme-rxe.pcap.gz': {
      frames: [151, 152, 153],
      why: 'it reads each packet of a log page as if it were the whole page',
    },
  };

/** Fields whose place tshark gives wrongly; their values are compared. */
export const elsewhere: Table = {
  'nvme-tcp.flags.pdu.*': 'said to be in the byte before',
};

const NOT_SEEN = 'without the frames that opened the queue it does not know what the command is';
/** Fields that tshark shows otherwise in golden frames, each of which it sees by itself. */
export const alone: Table = {
  'infiniband.mad.status': 'of a directed-route MAD tshark takes the D bit for a part of it',
  'infiniband.mad.classspecific':
    'tshark reads hop pointer and count of a directed-route MAD as this too',
  'ip.version': 'shown for IPv6 as well, beside ipv6.version',
  'ip.dst': 'the last hop of a source route is shown as the destination as well',
  'ip.opt.sec_cl': 'reads RFC 1108 only where the option is that of RFC 791',
  'arp.*.proto_ipv4': 'also for hardware addresses that are not Ethernet; we keep the bytes',
  'tcp.option_kind': 'also for the bytes behind the end of options; we keep them as padding',
  'icmpv6.opt.prefix': 'also for the shortened prefix of a route; we have its bytes',
  'nvme.cmd.dword1*': NOT_SEEN,
  'nvme.cmd.slba': NOT_SEEN,
  'nvme.cmd.prinfo.*': NOT_SEEN,
  'nvme.cmd.fua': NOT_SEEN,
  'nvme.cmd.lr': NOT_SEEN,
  'nvme.cmd.eilbrt': NOT_SEEN,
  'nvme.cmd.elba*': NOT_SEEN,
  'nvme.cmd.dsm.*': NOT_SEEN,
  'nvme.cmd.sgl.*': 'read where the command has PRPs',
  'nvme.cmd.sgl1.len': 'read in a bit bucket, whose address is reserved',
  'nvme.fabrics.prop_get_set.cc.*':
    'of a property that the command sets by its offset; we keep its value whole',
};

/**
 * Families of tshark's names that are judged: what stands before the first dot. What else tshark shows (frame, data,
 * _ws) is about the capture or about itself.
 */
export const families: readonly string[] = [
  'eth',
  'llc',
  'vlan',
  'ieee8021ad',
  'macc',
  'arp',
  'ip',
  'ipv6',
  'icmp',
  'icmpv6',
  'udp',
  'tcp',
  'infiniband',
  'iwarp_mpa',
  'iwarp_ddp',
  'iwarp_rdma',
  'nvme',
  'nvme-rdma',
  'nvme-tcp',
  'nbd',
];

/** Families that need not be found in every capture where tshark finds them, because we do not dissect them yet. */
export const notYet: readonly string[] = [
  // One capture begins in the middle of its connections; tshark knows them by their port.
  'nvme-tcp',
];

/**
 * Families of which only values are judged, where both of us have the field equally often; not yet which fields there
 * are. tshark names the same field of an SQE differently by command, and shows what a queue pair carries only
 * for connections that it saw begin. With JUDGE=all in the environment they are judged in full.
 */
export const valuesOnly: readonly string[] =
  process.env.JUDGE === 'all' ? [] : ['nvme', 'nvme-rdma'];

const patterns = new WeakMap<Table, readonly (readonly [RegExp, string])[]>();

/** The reason that `table` gives for `name`. */
export function reason(table: Table, name: string): string | undefined {
  const exact = table[name];
  if (exact !== undefined) return exact;
  let known = patterns.get(table);
  if (!known) {
    known = Object.entries(table)
      .filter(([key]) => key.includes('*'))
      .map(([key, why]) => {
        const pattern = key.replaceAll('.', '\\.').replaceAll('*', '.*');
        return [new RegExp(`^${pattern}$`), why] as const;
      });
    patterns.set(table, known);
  }
  return known.find(([pattern]) => pattern.test(name))?.[1];
}
