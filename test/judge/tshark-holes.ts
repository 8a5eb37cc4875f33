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
  'icmp.checksum.status': 'a verdict',
  'icmp.ident_le': 'the identifier in the other byte order',
  'icmp.seq_le': 'the sequence number in the other byte order',
  'icmp.resp*': 'what tshark found in other frames',
  'icmpv6.checksum.status': 'a verdict',
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
  'infiniband.cm.rep.reserved': 'reserved bits of ours have no alias; re-encoding compares them',
  'infiniband.cm.rep.private': 'private data of a service; layers of their own',
  'infiniband.cm.rtu.private': 'private data of a service; layers of their own',
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
  'tcp.options.mss': 'the whole option',
  'tcp.options.sack_perm': 'the whole option',
  'tcp.options.timestamp': 'the whole option',
  'tcp.options.wscale': 'the whole option',
  'tcp.options.wscale.multiplier': '2 to the power of the shift count',
  'nvme*.rsvd*': 'reserved bits of ours have no alias; re-encoding compares them',
  'nvme-rdma.cm.*.reserved': 'reserved bits of ours have no alias; re-encoding compares them',
  'nvme*.rsdv*': 'reserved bits of ours have no alias; re-encoding compares them',
  'nvme*.cmd_pkt': 'a number of a frame',
  'nvme*.cmd_latency': 'a difference of timestamps',
  'nvme*.cmd.qid': 'which queue, as the connection told',
  'nvme*.unknown_data': 'whatever it does not know',
  'nvme-tcp.cmd.data': 'the data of a capsule, said to lie over its command',
  'nvme-rdma.*_req': 'a remark on the RDMA operation',
  'nvme-rdma.*_prev': 'a number of a frame',
  'nvme.fabrics.data_req': 'a number of a frame',
  'nvme.fabrics.cmd.prop_get_set.attrib': 'the size without the reserved bits beside it',
  'nvme.cmd.prinfo': 'four flags of a word',
  'nvme.cmd.dsm.incompressible': 'read from the bit of sequential requests',
  'nvme.cmd.get_logpage.dword10.lsp': 'five bits, as in NVMe 1.4; we have the seven of 2.0',
  'nvme.cmd.get_logpage.numd': 'NUMDL and NUMDU together',
  'nvme.cmd.identify.get_logpage.dword14.uuid_index':
    'a name for two commands; ours is not compared',
  'nvme.cmd.get_logpage.identify.rcrd.treq.*':
    'one bit is taken for the secure channel, and the next read one bit too low',
  'nvme.cmd.get_logpage.cmd_and_eff.*': 'the whole entry, one for each opcode',
  'nvme.data': 'the data of a command, or as much as is in a packet',
  'nvme-rdma.read_from_host_resp': 'the data of a command, or as much as is in a packet',
  'nvme.cmd.get_logpage.ana.grp.anas': 'the state without the reserved bits beside it',
  'nvme.cmd.identify.ns.lbafs':
    'room for the sixteen formats of NVMe 1.4; ours are as many as there are',
  'nvme.cmd.identify.ctrl.psds.psd': 'the whole power state, also where the controller has none',
  'nvme.cmd.identify.ctrl.sanicap': 'two of its four bytes',
  'nvme.cmd.identify.ctrl.rrls.*': 'one bit of sixteen',
  'nvme.cmd.identify.ctrl.fguid.*': 'parts of the identifier',
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

/**
 * Fields of tshark that stand for several of ours, which are compared one by one: they must cover whole fields of ours,
 * and hold the bytes that these do.
 */
export const headings: Table = {
  'nvme-tcp.data': 'the data of a PDU',
  'nvme-tcp.icreq': 'the whole PDU',
  'nvme-tcp.icresp': 'the whole PDU',
  'nvme-tcp.r2t': 'the whole PDU',
  'nvme.fabrics.cmd': 'the whole command',
  'nvme.fabrics.cqe': 'the whole completion',
  'nvme.fabrics.cmd.connect.sgl1': 'the whole descriptor',
  'nvme.fabrics.cmd.connect.cattr': 'all flags',
  'nvme.fabrics.cqe.connect.authreq': 'both authentication flags and reserved bits',
  'nvme.fabrics.prop_get_set.data': 'the whole property',
  'nvme.fabrics.prop_get.ccap': 'the whole property',
  'nvme.fabrics.prop_get.vs': 'the whole property',
  'nvme.fabrics.prop_get_set.cc': 'the whole property',
  'nvme.fabrics.prop_get_set.csts': 'the whole property',
  'nvme.cmd.sgl1': 'the whole descriptor',
  'nvme.cmd.dsm': 'all hints',
  'nvme.cmd.*.dword10': 'the whole dword',
  'nvme.cmd.*.dword11': 'the whole dword',
  'nvme.cmd.*.dword14': 'the whole dword',
  'nvme.cmd.set_features.dword11.aec': 'the whole dword',
  'nvme.cmd.set_features.dword11.nq': 'the whole dword',
  'nvme.cmd.get_logpage.identify.rcrd': 'the whole record',
  'nvme.cmd.get_logpage.identify.rcrd.tsas': 'what the transport needs',
  'nvme.cmd.get_logpage.identify.rcrd.treq': 'all flags',
  'nvme.cmd.get_logpage.identify.rcrd.tsas.*rsvd*': 'reserved bytes',
  'nvme.cmd.get_logpage.ana.grp': 'the whole group with its namespaces',
  'nvme.cmd.get_logpage.smart.cw': 'all flags',
  'nvme.cmd.get_logpage.smart.egcws': 'all flags',
  'nvme.cmd.get_logpage.smart.ts': 'all sensors',
  'nvme.cmd.identify.ctrl.*': 'the flags of a word, or a part of the structure',
  'nvme.cmd.identify.ns.*': 'the flags of a word, or a part of the structure',
  'nvme.cqe.status': 'the whole status',
  'nvme.cqe.dword0.aev': 'the whole result',
  'nvme.cqe.dword0.set_features.nq': 'the whole result',
};

/** Fields whose PDML value is the whole byte although they are some bits of it: `show` in these units is compared. */
export const shownIn: Readonly<Record<string, number>> = {
  'ip.version': 1,
  'ip.hdr_len': 4,
  'tcp.hdr_len': 4,
  'ipv6.version': 1,
};

/** Fields that mean the same and are yet different, or are not shown where we have them. */
export const differ: Table = {
  'nvme.cmd.get_logpage.cmd_and_eff.cseds.csupp':
    'I/O commands are read one entry too late, so that Flush is not among the supported ones',
};

/** Names that tshark uses in place of one of ours in some cases; the end of ours is compared where it shows less. */
export const variants: Readonly<Record<string, string>> = {
  'infiniband.cm.req.prim_localgid_ipv4': 'infiniband.cm.req.prim_localgid',
  'infiniband.cm.req.prim_remotegid_ipv4': 'infiniband.cm.req.prim_remotegid',
  'iwarp_rdma.reserved': 'iwarp_rdma.inval_stag',
  'eth.len': 'eth.type',
  'icmpv6.mldr.mar.source_address': 'icmpv6.mld.source_address',
  'iwarp_rdma.term_etype_rdma': 'iwarp_rdma.term_etype',
  'iwarp_rdma.term_etype_ddp': 'iwarp_rdma.term_etype',
  'iwarp_rdma.term_etype_llp': 'iwarp_rdma.term_etype',
  'iwarp_rdma.term_errcode_rdma': 'iwarp_rdma.term_errcode',
  'iwarp_rdma.term_errcode_ddp_tagged': 'iwarp_rdma.term_errcode',
  'iwarp_rdma.term_errcode_ddp_untagged': 'iwarp_rdma.term_errcode',
  'iwarp_rdma.term_errcode_llp': 'iwarp_rdma.term_errcode',
  'iwarp_rdma.atomic.add_data': 'iwarp_rdma.atomic.swap_data',
  'iwarp_rdma.atomic.add_mask': 'iwarp_rdma.atomic.swap_mask',
  'nvme-tcp.h2ctermreq.phd': 'nvme-tcp.h2ctermreq.phfo',
  'nvme-tcp.h2ctermreq.upfo': 'nvme-tcp.h2ctermreq.phfo',
  'nvme-tcp.c2htermreq.phd': 'nvme-tcp.c2htermreq.phfo',
  'nvme-tcp.c2htermreq.upfo': 'nvme-tcp.c2htermreq.phfo',
  'nvme.cmd.identify.ns.vs': 'nvme.cmd.identify.ns.vs',
  'nvme.cmd.get_logpage.ana.grp.nsid': 'nvme.cmd.identify.nslist.nsid',
  'nvme.cmd.get_logpage.changed_nslist': 'nvme.cmd.identify.nslist.nsid',
  'nvme.fabrics.cmd.opc': 'nvme.cmd.opc',
  'nvme.fabrics.cmd.cid': 'nvme.cmd.cid',
};

/** Names that we have more often than tshark shows them; what it shows must be among ours. */
export const unseen: Table = {
  'nvme-rdma.cm.req.*': 'it does not know the private data of requests',
  'nvme.cmd.fuse_op': 'not of Fabrics commands',
  'nvme.cmd.psdt': 'not of Fabrics commands',
  'nvme.cmd.sgl*': 'of Fabrics commands only that of Connect',
  'nvme.cqe.status.p': 'not of Fabrics commands',
  'nvme.cqe.dword0': 'only where it does not know what the result means',
  'nvme.cqe.dword1': 'only where it does not know what the result means',
  'nvme.cmd.slba': 'of Read and Write only',
  'nvme.cmd.nlb': 'of Read and Write only',
  'nvme.cmd.prinfo.*': 'of Read and Write only',
  'nvme.cmd.fua': 'of Read and Write only',
  'nvme.cmd.lr': 'of Read and Write only',
  'nvme.cmd.eilbrt': 'of Read and Write only',
  'nvme.cmd.elbat*': 'of Read and Write only',
};

/** Names that say that tshark does not know what it sees: then it need not show anything of that protocol. */
export const blind: Table = {
  'nvme-rdma.unknown_data':
    'a command in several packets, or one whose connection it did not see begin',
  'nvme-tcp.unknown_data': 'a PDU whose connection it did not see begin',
};

/** Names that tshark shows more often than we have the field; what we have must be among what it shows. */
export const surplus: Table = {
  'ip.version': 'shown for IPv6 as well, beside ipv6.version',
  'nvme.cmd.dword1*': 'shown for commands whose fields we have, too',
  'nvme.cmd.identify.ctrl.psds.psd.*':
    'shown for power states that the controller does not have, too',
  'nvme.cmd.get_logpage.cmd_and_eff.cseds.*': 'shown for opcodes that are not supported, too',
  'nvme.cmd.identify.ns.vs': 'over RDMA it is shown in parts, by packet',
  'nvme.cmd.identify.nslist.nsid': 'unused entries of the log of changed namespaces are shown, too',
  'nvme.cqe.dword0.aev.*': 'shown for commands that failed, too',
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
  'nvme.cmd.nlb': NOT_SEEN,
  'nvme.cmd.prinfo.*': NOT_SEEN,
  'nvme.cmd.fua': NOT_SEEN,
  'nvme.cmd.lr': NOT_SEEN,
  'nvme.cmd.eilbrt': NOT_SEEN,
  'nvme.cmd.elba*': NOT_SEEN,
  'nvme.cmd.dsm.*': NOT_SEEN,
  'nvme.cmd.sgl.*': 'read where the command has PRPs',
  'nvme.cmd.sgl1.len': 'read in a bit bucket, whose address is reserved',
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

/** Every table of what may differ in a capture. */
export const tables = { notOurs, headings, differ, unseen, surplus, blind } as const;

const patterns = new WeakMap<Table, readonly (readonly [RegExp, string])[]>();

/** The entry of `table` that says something of `name`: the name itself, or the first pattern that it matches. */
export function entryOf(table: Table, name: string): string | undefined {
  if (table[name] !== undefined) return name;
  let known = patterns.get(table);
  if (!known) {
    known = Object.keys(table)
      .filter((key) => key.includes('*'))
      .map((key) => {
        const pattern = key.replaceAll('.', '\\.').replaceAll('*', '.*');
        return [new RegExp(`^${pattern}$`), key] as const;
      });
    patterns.set(table, known);
  }
  return known.find(([pattern]) => pattern.test(name))?.[1];
}

/** The reason that `table` gives for `name`. */
export function reason(table: Table, name: string): string | undefined {
  const entry = entryOf(table, name);
  return entry === undefined ? undefined : table[entry];
}
