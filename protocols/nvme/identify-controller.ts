// What Identify returns for a controller: CNS 01h (Base 2.0 5.17.2.1) and CNS 06h of the NVM command set.

import { bytes, flag, reserved, text, uint, word } from '../core/field.js';
import type { Layer } from '../core/layer.js';
import { protocol } from '../core/protocol.js';
import { nvmeHeader } from './base.js';
import { takeEntries, takeUnused } from './list.js';

const as = (name: string) => ({ alias: `nvme.cmd.identify.ctrl.${name}` });
const hexAs = (name: string) => ({ format: 'hex' as const, ...as(name) });
const sizes = (key: 'sqes' | 'cqes', what: string) =>
  word(
    uint(4, `${key}Min`, `smallest ${what}`, { unit: '2^n bytes', ...as(`${key}.mins`) }),
    uint(4, `${key}Max`, `largest ${what}`, { unit: '2^n bytes', ...as(`${key}.maxs`) }),
  );

export const IdentifyController = nvmeHeader(
  'IdentifyController',
  [
    uint(16, 'vid', 'PCI vendor', hexAs('vid')),
    uint(16, 'ssvid', 'PCI subsystem vendor', hexAs('ssvid')),
    text(20, 'sn', 'serial number, filled up with spaces', as('sn')),
    text(40, 'mn', 'model number, filled up with spaces', as('mn')),
    text(8, 'fr', 'firmware revision, filled up with spaces', as('fr')),
    uint(8, 'rab', 'recommended arbitration burst', { unit: '2^n commands', ...as('rab') }),
    uint(24, 'ieee', 'OUI of the vendor', hexAs('ieee')),
    word(
      flag('multiPort', 'CMIC: several ports', as('cmic.mp')),
      flag('multiController', 'CMIC: several controllers', as('cmic.mc')),
      flag('sriov', 'CMIC: of a virtual function', as('cmic.sriov')),
      flag('ana', 'CMIC: asymmetric namespace access', as('cmic.ana')),
      reserved(4),
    ),
    uint(8, 'mdts', 'largest transfer, 0 for no bound', { unit: '2^n pages', ...as('mdts') }),
    uint(16, 'cntlid', 'controller', hexAs('cntlid')),
    uint(8, 'verTer', 'version: tertiary', as('ver.ter')),
    uint(8, 'verMnr', 'version: minor', as('ver.min')),
    uint(16, 'verMjr', 'version: major', as('ver.mjr')),
    uint(32, 'rtd3r', 'RTD3 resume latency', { unit: 'us', ...as('rtd3r') }),
    uint(32, 'rtd3e', 'RTD3 entry latency', { unit: 'us', ...as('rtd3e') }),
    word(
      reserved(8),
      flag('oaesNamespace', 'OAES: namespace attribute notices', as('oaes.nan')),
      flag('oaesFirmware', 'OAES: firmware activation notices', as('oaes.fan')),
      reserved(1),
      flag('oaesAna', 'OAES: asymmetric namespace access changes', as('oaes.ana')),
      flag('oaesLatency', 'OAES: predictable latency events', as('oaes.ple')),
      flag('oaesLba', 'OAES: LBA status information', as('oaes.lba')),
      flag('oaesEndurance', 'OAES: endurance group events', as('oaes.ege')),
      flag('oaesShutdown', 'OAES: normal subsystem shutdown'),
      reserved(11),
      flag('oaesZone', 'OAES: zone descriptor changed'),
      reserved(3),
      flag('oaesDiscovery', 'OAES: discovery log changed'),
    ),
    word(
      flag('hids', 'CTRATT: 128-bit host identifier', as('ctratt.hi_128')),
      flag('nopspm', 'CTRATT: non-operational power states', as('ctratt.nopspm')),
      flag('nvmsets', 'CTRATT: NVM sets', as('ctratt.nvmset')),
      flag('rrlvls', 'CTRATT: read recovery levels', as('ctratt.rrl')),
      flag('egs', 'CTRATT: endurance groups', as('ctratt.eg')),
      flag('plm', 'CTRATT: predictable latency mode', as('ctratt.plm')),
      flag('tbkas', 'CTRATT: traffic based keep alive', as('ctratt.tbkas')),
      flag('ng', 'CTRATT: namespace granularity', as('ctratt.ng')),
      flag('sqa', 'CTRATT: SQ associations', as('ctratt.sqa')),
      flag('ulist', 'CTRATT: UUID list', as('ctratt.uuidl')),
      flag('mds', 'CTRATT: several domains'),
      flag('fcm', 'CTRATT: fixed capacity management'),
      flag('vcm', 'CTRATT: variable capacity management'),
      flag('deg', 'CTRATT: endurance groups can be deleted'),
      flag('dnvms', 'CTRATT: NVM sets can be deleted'),
      flag('elbas', 'CTRATT: extended LBA formats'),
      reserved(16),
    ),
    uint(16, 'rrls', 'read recovery levels, one bit each', hexAs('rrls')),
    reserved(72),
    uint(8, 'cntrltype', 'kind of controller', {
      names: { 0: 'NOT_REPORTED', 1: 'IO', 2: 'DISCOVERY', 3: 'ADMINISTRATIVE' },
      ...as('cntrltype'),
    }),
    bytes(16, 'fguid', 'globally unique identifier of the FRU', as('fguid')),
    uint(16, 'crdt1', 'command retry delay 1', { unit: '100 ms', ...as('crdt1') }),
    uint(16, 'crdt2', 'command retry delay 2', { unit: '100 ms', ...as('crdt2') }),
    uint(16, 'crdt3', 'command retry delay 3', { unit: '100 ms', ...as('crdt3') }),
    reserved(106 * 8),
    reserved(13 * 8, 'reserved for the management interface'),
    word(
      flag('nvmesd', 'NVMSR: storage device', as('mi.nvmsr.nvmesd')),
      flag('nvmee', 'NVMSR: enclosure', as('mi.nvmsr.nvmee')),
      reserved(6),
    ),
    word(
      uint(7, 'vwcr', 'VWCI: VPD writes left', as('mi.vwci.vwcr')),
      flag('vwcrv', 'VWCI: that number is valid', as('mi.vwci.vwcrv')),
    ),
    word(
      flag('smbusme', 'MEC: SMBus management endpoint', as('mi.mec.smbusme')),
      flag('pcieme', 'MEC: PCIe management endpoint', as('mi.mec.pcieme')),
      reserved(6),
    ),
    word(
      flag('oacsSecurity', 'OACS: Security Send and Receive', as('oacs.sec')),
      flag('oacsFormat', 'OACS: Format NVM', as('oacs.fmt')),
      flag('oacsFirmware', 'OACS: firmware commands', as('oacs.fw')),
      flag('oacsNamespace', 'OACS: namespace management', as('oacs.nsmgmt')),
      flag('oacsSelfTest', 'OACS: device self-test', as('oacs.stst')),
      flag('oacsDirectives', 'OACS: directives', as('oacs.dtv')),
      flag('oacsMi', 'OACS: NVMe-MI Send and Receive', as('oacs.mi')),
      flag('oacsVirtualization', 'OACS: virtualization management', as('oacs.vm')),
      flag('oacsDoorbell', 'OACS: doorbell buffer config', as('oacs.db')),
      flag('oacsLbaStatus', 'OACS: Get LBA Status', as('oacs.sec.lba')),
      flag('oacsLockdown', 'OACS: command and feature lockdown'),
      reserved(5),
    ),
    uint(8, 'acl', 'Abort commands at once, less one', as('acl')),
    uint(8, 'aerl', 'asynchronous event requests at once, less one', as('aerl')),
    word(
      flag('slot1ReadOnly', 'FRMW: firmware slot 1 is read-only', as('frmw.fro')),
      uint(3, 'slots', 'FRMW: firmware slots', as('frmw.fsn')),
      flag('activateWithoutReset', 'FRMW: activation without reset', as('frmw.anr')),
      flag('smud', 'FRMW: overlapping updates are detected'),
      reserved(2),
    ),
    word(
      flag('lpaSmart', 'LPA: SMART log per namespace', as('lpa.smrt')),
      flag('lpaEffects', 'LPA: commands supported and effects log', as('lpa.cmds')),
      flag('lpaExtended', 'LPA: extended data of Get Log Page', as('lpa.elp')),
      flag('lpaTelemetry', 'LPA: telemetry logs', as('lpa.tel')),
      flag('lpaPersistent', 'LPA: persistent event log', as('lpa.ple')),
      flag('lpaSupported', 'LPA: supported log pages log'),
      flag('lpaDataArea4', 'LPA: telemetry data area 4'),
      reserved(1),
    ),
    uint(8, 'elpe', 'entries of the error log, less one', as('elpe')),
    uint(8, 'npss', 'power states, less one', as('npss')),
    word(
      flag('avscc', 'vendor admin commands use the standard form', as('avscc.std')),
      reserved(7),
    ),
    word(flag('apsta', 'autonomous power state transitions', as('apsta.aut')), reserved(7)),
    uint(16, 'wctemp', 'warning temperature', { unit: 'K', ...as('wctemp') }),
    uint(16, 'cctemp', 'critical temperature', { unit: 'K', ...as('cctemp') }),
    uint(16, 'mtfa', 'longest firmware activation', { unit: '100 ms', ...as('mtfa') }),
    uint(32, 'hmpre', 'preferred host memory buffer', { unit: '4 KiB', ...as('hmpre') }),
    uint(32, 'hmmin', 'smallest host memory buffer', { unit: '4 KiB', ...as('hmmin') }),
    bytes(16, 'tnvmcap', 'capacity in bytes', as('tnvmcap')),
    bytes(16, 'unvmcap', 'unallocated capacity in bytes', as('unvmcap')),
    word(
      uint(3, 'rpmbUnits', 'RPMBS: replay protected memory blocks', as('rpmbs.nu')),
      uint(3, 'rpmbAuth', 'RPMBS: authentication method', as('rpmbs.au')),
      reserved(10),
      uint(8, 'rpmbTotal', 'RPMBS: size, less one', { unit: '128 KiB', ...as('rpmbs.ts') }),
      uint(8, 'rpmbAccess', 'RPMBS: access size, less one', {
        unit: '512 bytes',
        ...as('rpmbs.as'),
      }),
    ),
    uint(16, 'edstt', 'extended self-test takes', { unit: 'min', ...as('edstt') }),
    word(flag('dsto', 'self-tests one at a time in the subsystem', as('dsto.mds')), reserved(7)),
    uint(8, 'fwug', 'firmware update granularity', { unit: '4 KiB', ...as('fwug') }),
    uint(16, 'kas', 'granularity of keep alive, 0 for none', { unit: '100 ms', ...as('kas') }),
    word(flag('hctma', 'host controlled thermal management', as('hctma.sup')), reserved(15)),
    uint(16, 'mntmt', 'lowest thermal management temperature', { unit: 'K', ...as('mntmt') }),
    uint(16, 'mxtmt', 'highest thermal management temperature', { unit: 'K', ...as('mxtmt') }),
    word(
      flag('ces', 'SANICAP: crypto erase', as('sanicap.ces')),
      flag('bes', 'SANICAP: block erase', as('sanicap.bes')),
      flag('ows', 'SANICAP: overwrite', as('sanicap.ows')),
      reserved(26),
      flag('ndi', 'SANICAP: no-deallocate inhibited', as('sanicap.ndi')),
      uint(2, 'nodmmas', 'SANICAP: media changes after sanitize', as('sanicap.nodmmas')),
    ),
    uint(32, 'hmminds', 'smallest host memory descriptor', { unit: '4 KiB', ...as('hmmminds') }),
    uint(16, 'hmmaxd', 'host memory descriptors', as('hmmaxd')),
    uint(16, 'nsetidmax', 'highest NVM set', as('nsetidmax')),
    uint(16, 'endgidmax', 'highest endurance group', as('endgidmax')),
    uint(8, 'anatt', 'longest ANA transition', { unit: 's', ...as('anatt') }),
    word(
      flag('anaOptimized', 'ANACAP: reports optimized', as('anacap.osr')),
      flag('anaNonOptimized', 'ANACAP: reports non-optimized', as('anacap.nosr')),
      flag('anaInaccessible', 'ANACAP: reports inaccessible', as('anacap.isr')),
      flag('anaLoss', 'ANACAP: reports persistent loss', as('anacap.plsr')),
      flag('anaChange', 'ANACAP: reports change', as('anacap.csr')),
      reserved(1),
      flag('anaFixed', 'ANACAP: ANAGRPID does not change', as('anacap.panagrpid')),
      flag('anaNonZero', 'ANACAP: ANAGRPID of detached namespaces', as('anacap.nzpanagrpid')),
    ),
    uint(32, 'anagrpmax', 'highest ANA group', as('anagrpmax')),
    uint(32, 'nanagrpid', 'ANA groups', as('nanagrpid')),
    uint(32, 'pels', 'persistent event log', { unit: '64 KiB', ...as('pels') }),
    uint(16, 'domainid', 'domain'),
    reserved(80),
    bytes(16, 'megcap', 'largest endurance group in bytes'),
    reserved(128 * 8),
    sizes('sqes', 'submission queue entry'),
    sizes('cqes', 'completion queue entry'),
    uint(16, 'maxcmd', 'commands outstanding', as('maxcmd')),
    uint(32, 'nn', 'namespaces', as('nn')),
    word(
      flag('oncsCompare', 'ONCS: Compare', as('oncs.ccs')),
      flag('oncsWriteUncorrectable', 'ONCS: Write Uncorrectable', as('oncs.wus')),
      flag('oncsDsm', 'ONCS: Dataset Management', as('oncs.dsms')),
      flag('oncsWriteZeroes', 'ONCS: Write Zeroes', as('oncs.wzs')),
      flag('oncsSave', 'ONCS: save and select of features', as('oncs.nzfs')),
      flag('oncsReservations', 'ONCS: reservations', as('oncs.ress')),
      flag('oncsTimestamp', 'ONCS: timestamp', as('oncs.tstmps')),
      flag('oncsVerify', 'ONCS: Verify', as('oncs.vers')),
      flag('oncsCopy', 'ONCS: Copy'),
      reserved(7),
    ),
    word(flag('fuses', 'Compare and Write can be fused', as('fuses.cws')), reserved(15)),
    word(
      flag('fnaFormatAll', 'FNA: format applies to all namespaces', as('fna.fall')),
      flag('fnaEraseAll', 'FNA: erase applies to all namespaces', as('fna.seall')),
      flag('fnaCrypto', 'FNA: cryptographic erase', as('fna.ces')),
      flag('fnaNoBroadcast', 'FNA: format does not take NSID FFFFFFFFh'),
      reserved(4),
    ),
    word(
      flag('vwc', 'volatile write cache is there', as('vwc.cp')),
      uint(2, 'flushAll', 'Flush with NSID FFFFFFFFh', {
        names: { 0: 'NOT_INDICATED', 2: 'NOT_SUPPORTED', 3: 'SUPPORTED' },
        ...as('vwc.cfb'),
      }),
      reserved(5),
    ),
    uint(16, 'awun', 'atomic write unit, less one', { unit: 'blocks', ...as('awun') }),
    uint(16, 'awupf', 'atomic write unit at power fail, less one', {
      unit: 'blocks',
      ...as('awupf'),
    }),
    word(
      flag('icsvscc', 'vendor I/O commands use the standard form', as('nvscc.std')),
      reserved(7),
    ),
    word(
      flag('nwpcWrite', 'NWPC: write protection', as('nwpc.wpss')),
      flag('nwpcPowerCycle', 'NWPC: until power cycle', as('nwpc.wppcs')),
      flag('nwpcPermanent', 'NWPC: permanent', as('nwpc.pwpss')),
      reserved(5),
    ),
    uint(16, 'acwu', 'atomic compare and write unit, less one', {
      unit: 'blocks',
      ...as('acwu'),
    }),
    uint(16, 'cdfs', 'copy descriptor formats, one bit each', { format: 'hex' }),
    word(
      uint(2, 'sgls', 'SGLs', {
        names: { 0: 'NONE', 1: 'ANY_ALIGNMENT', 2: 'DWORD_ALIGNED' },
        ...as('sgls.sgls'),
      }),
      flag('sglsKeyed', 'SGLS: keyed data blocks', as('sgls.kdbs')),
      reserved(5),
      uint(8, 'sglsThreshold', 'SGLS: descriptors recommended, 0 not reported'),
      flag('sglsBitBucket', 'SGLS: bit buckets', as('sgls.bbd')),
      flag('sglsMptr', 'SGLS: contiguous metadata', as('sgls.bufmptr')),
      flag('sglsLarger', 'SGLS: longer than the data', as('sgls.lsgl')),
      flag('sglsMptrSgl', 'SGLS: metadata SGL', as('sgls.kmptr')),
      flag('sglsOffset', 'SGLS: addresses may be offsets', as('sgls.offs')),
      flag('sglsTransport', 'SGLS: transport data blocks', as('sgls.tdbd')),
      reserved(10),
    ),
    uint(32, 'mnan', 'allowed namespaces', as('mnan')),
    bytes(16, 'maxdna', 'largest attached capacity of the domain'),
    uint(32, 'maxcna', 'namespaces attached to an I/O controller'),
    reserved(204 * 8),
    text(256, 'subnqn', 'name of the subsystem', as('subnqn')),
    reserved(768 * 8),
    uint(32, 'ioccsz', 'command capsule of I/O queues, SQE included', {
      unit: '16 bytes',
      ...as('nvmeof.ioccsz'),
    }),
    uint(32, 'iorcsz', 'response capsule', { unit: '16 bytes', ...as('nvmeof.iorcsz') }),
    uint(16, 'icdoff', 'offset of in-capsule data', {
      unit: '16 bytes',
      ...as('nvmeof.icdoff'),
    }),
    word(flag('static', 'FCATT: controllers are static', as('nvmeof.fcatt.dcm')), reserved(7)),
    uint(8, 'msdbd', 'SGL descriptors, 0 for no bound', as('nvmeof.msdbd')),
    word(flag('ofcsDisconnect', 'OFCS: Disconnect', as('nvmeof.ofcs.dcs')), reserved(15)),
    uint(8, 'dctype', 'kind of discovery controller', {
      names: { 0: 'NOT_REPORTED', 1: 'DDC', 2: 'CDC' },
    }),
    reserved(241 * 8),
  ],
  {
    key: 'nvme-id-ctrl',
    title: 'Identify controller, bytes 0 to 2047',
    section: 'NVMe Base 2.0 5.17.2.1',
  },
);

const psd = (name: string) => as(`psds.psd.${name}`);
export const PowerState = nvmeHeader(
  'PowerState',
  [
    uint(16, 'mp', 'most power', { unit: '10 mW, or 100 uW with MXPS', ...psd('mp') }),
    reserved(8),
    word(
      flag('mxps', 'scale of the most power', psd('mxps')),
      flag('nops', 'non-operational', psd('nops')),
      reserved(6),
    ),
    uint(32, 'enlat', 'entry latency', { unit: 'us', ...psd('enlat') }),
    uint(32, 'exlat', 'exit latency', { unit: 'us', ...psd('exlat') }),
    word(uint(5, 'rrt', 'relative read throughput', psd('rrt')), reserved(3)),
    word(uint(5, 'rrl', 'relative read latency', psd('rrl')), reserved(3)),
    word(uint(5, 'rwt', 'relative write throughput', psd('rwt')), reserved(3)),
    word(uint(5, 'rwl', 'relative write latency', psd('rwl')), reserved(3)),
    uint(16, 'idlp', 'idle power', psd('idlp')),
    word(reserved(6), uint(2, 'ips', 'scale of idle power', psd('ips'))),
    reserved(8),
    uint(16, 'actp', 'active power', psd('actp')),
    word(
      uint(3, 'apw', 'workload of active power', psd('apw')),
      reserved(3),
      uint(2, 'aps', 'scale of active power', psd('aps')),
    ),
    reserved(72),
  ],
  { key: 'nvme-power-state', title: 'Power state', section: 'NVMe Base 2.0 5.17.2.1' },
);
export const VendorSpecific = nvmeHeader(
  'VendorSpecific',
  [bytes(1024, 'data', 'of the vendor', as('vs'))],
  { key: 'nvme-id-ctrl-vs', title: 'Identify controller, bytes 3072 to 4095' },
);

/** Room for power states. */
const POWER_STATES = 32;

export const powerState = protocol(PowerState);
export const vendorSpecific = protocol(VendorSpecific);
export const identifyController = protocol(IdentifyController, {
  read(walk): null | undefined {
    const at = walk.take(identifyController);
    if (at < 0) return null;
    const states = IdentifyController.get.npss(walk.bytes, at) + 1;
    const taken = takeEntries(walk, powerState, Math.min(states, POWER_STATES));
    takeUnused(walk, (POWER_STATES - taken) * PowerState.size);
    if (walk.left > 0) walk.take(vendorSpecific);
    return undefined;
  },
  info: (layer: Layer) => `Identify Controller 0x${layer.number('cntlid').toString(16)}`,
});

export const IdentifyNvmController = nvmeHeader(
  'IdentifyNvmController',
  [
    uint(8, 'vsl', 'largest Verify', { unit: '2^n pages' }),
    uint(8, 'wzsl', 'largest Write Zeroes', { unit: '2^n pages' }),
    uint(8, 'wusl', 'largest Write Uncorrectable', { unit: '2^n pages' }),
    uint(8, 'dmrl', 'ranges of Dataset Management'),
    uint(32, 'dmrsl', 'blocks of one range'),
    uint(64, 'dmsl', 'blocks of all ranges'),
    reserved(4080 * 8),
  ],
  {
    key: 'nvme-id-ctrl-nvm',
    title: 'Identify controller of the NVM command set',
    section: 'NVMe NVM Command Set 1.0 4.1.5.2',
  },
);
export const identifyNvmController = protocol(IdentifyNvmController);
