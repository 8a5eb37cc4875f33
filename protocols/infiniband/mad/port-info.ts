// PortInfo (IBA 14.2.5.6), every field. Layout as in opensm's ib_types.h.

import { reserved, word } from '../../core/field.js';
import { header } from '../../core/header.js';
import { attribute, fieldsOf } from './attribute.js';
import { mtuNames, TIMEOUT_UNIT } from './names.js';

const p = fieldsOf('portinfo');
const cap = fieldsOf('portinfo.capabilitymask');
const width = { 1: 'X1', 2: 'X4', 4: 'X8', 8: 'X12', 16: 'X2' };
const speed = { 1: 'SDR', 2: 'DDR', 4: 'QDR' };
const vls = { 1: 'VL0', 2: 'VL0_1', 3: 'VL0_3', 4: 'VL0_7', 5: 'VL0_14' };

export const PortInfo = header(
  'PortInfo',
  [
    p.hex(64, 'mKey', 'management key', 'm_key'),
    p.hex(64, 'gidPrefix', 'of the subnet', 'guid'),
    p.number(16, 'lid', 'base LID', 'lid'),
    p.number(16, 'masterSmLid', 'of the master subnet manager', 'mastersmlid'),
    word(
      cap.bit('isHierarchyInfoSupported', 'bit 31 of the CapabilityMask'),
      cap.bit('isMulticastFdbTopSupported', 'bit 30'),
      cap.bit('isMulticastPKeyTrapSuppressionSupported', 'bit 29'),
      cap.bit('isVendorSpecificMadsTableSupported', 'bit 28'),
      cap.bit('isLinkSpeedWidthPairsTableSupported', 'bit 27', 'linkspeedwidthpairstablesupported'),
      cap.bit('isOtherLocalChangesNoticeSupported', 'bit 26', 'otherlocalchangesnoticesupported'),
      cap.bit('isClientReregistrationSupported', 'bit 25', 'clientregistrationsupported'),
      cap.bit('isLinkRoundTripLatencySupported', 'bit 24', 'linkroundtriplatencysupported'),
      cap.bit('isBootManagementSupported', 'bit 23', 'bootmanagementsupported'),
      cap.bit('isCapabilityMaskNoticeSupported', 'bit 22', 'capabilitymasknoticesupported'),
      cap.bit('isDrNoticeSupported', 'bit 21', 'drnoticesupported'),
      cap.bit('isVendorClassSupported', 'bit 20', 'vendorclasssupported'),
      cap.bit('isDeviceManagementSupported', 'bit 19', 'devicemanagementsupported'),
      cap.bit('isReinitSupported', 'bit 18', 'reinitsupported'),
      cap.bit('isSnmpTunnelingSupported', 'bit 17', 'snmptunnelingsupported'),
      cap.bit('isCommunicationManagementSupported', 'bit 16', 'communicationmanagementsupported'),
      cap.bit('isCapabilityMask2Supported', 'bit 15'),
      cap.bit('isExtendedSpeedsSupported', 'bit 14'),
      cap.bit('isCableInfoSupported', 'bit 13'),
      cap.bit(
        'isPKeySwitchExternalPortTrapSupported',
        'bit 12',
        'pkeyswitchexternalporttrapsupported',
      ),
      cap.bit('isSystemImageGuidSupported', 'bit 11', 'systemimageguidsupported'),
      cap.bit('isSmDisabled', 'bit 10', 'smdisabled'),
      cap.bit('isLedInfoSupported', 'bit 9', 'ledinfosupported'),
      cap.bit('isPKeyNvram', 'bit 8', 'pkeynvram'),
      cap.bit('isMKeyNvram', 'bit 7', 'mkeynvram'),
      cap.bit('isSlMappingSupported', 'bit 6', 'slmappingsupported'),
      cap.bit('isAutomaticMigrationSupported', 'bit 5', 'automaticmigrationsupported'),
      cap.bit('isOptionalIpdSupported', 'bit 4', 'optionalipdsupported'),
      cap.bit('isTrapSupported', 'bit 3', 'trapsupported'),
      cap.bit('isNoticeSupported', 'bit 2', 'noticesupported'),
      cap.bit('isSm', 'bit 1', 'issm'),
      reserved(1, 'bit 0'),
    ),
    p.hex(16, 'diagCode', 'what its self-test found', 'diagcode'),
    p.number(16, 'mKeyLeasePeriod', 'until the M_Key lapses', 'm_keyleaseperiod', {
      unit: 'seconds',
    }),
    p.number(8, 'localPortNum', 'the port at which the question came in', 'localportnum'),
    p.hex(8, 'linkWidthEnabled', 'bits of the widths', 'linkwidthenabled'),
    p.hex(8, 'linkWidthSupported', 'bits of the widths', 'linkwidthsupported'),
    p.number(8, 'linkWidthActive', 'lanes', 'linkwidthactive', { names: width }),
    word(
      p.hex(4, 'linkSpeedSupported', 'bits of the speeds', 'linkspeedsupported'),
      p.number(4, 'portState', 'of the link layer', 'portstate', {
        names: { 0: 'NO_CHANGE', 1: 'DOWN', 2: 'INITIALIZE', 3: 'ARMED', 4: 'ACTIVE' },
      }),
    ),
    word(
      p.number(4, 'portPhysicalState', 'of the physical layer', 'portphysicalstate', {
        names: {
          0: 'NO_CHANGE',
          1: 'SLEEP',
          2: 'POLLING',
          3: 'DISABLED',
          4: 'TRAINING',
          5: 'LINK_UP',
          6: 'LINK_ERROR_RECOVERY',
          7: 'PHY_TEST',
        },
      }),
      p.number(4, 'linkDownDefaultState', 'where it goes when down', 'linkdowndefaultstate', {
        names: { 0: 'NO_CHANGE', 1: 'SLEEP', 2: 'POLLING' },
      }),
    ),
    word(
      p.number(2, 'mKeyProtectBits', 'what the M_Key protects', 'm_keyprotectbits'),
      reserved(3),
      p.number(3, 'lmc', 'low bits of the LID that are free', 'lmc'),
    ),
    word(
      p.number(4, 'linkSpeedActive', 'of a lane', 'linkspeedactive', { names: speed }),
      p.hex(4, 'linkSpeedEnabled', 'bits of the speeds', 'linkspeedenabled'),
    ),
    word(
      p.number(4, 'neighborMtu', 'of the link', 'neighbormtu', { names: mtuNames }),
      p.number(4, 'masterSmSl', 'service level to the subnet manager', 'mastersmsl'),
    ),
    word(
      p.number(4, 'vlCap', 'virtual lanes that it has', 'vlcap', { names: vls }),
      p.hex(4, 'initType', 'what survived a restart', 'inittype'),
    ),
    p.number(8, 'vlHighLimit', 'of high-priority lanes', 'vlhighlimit', { unit: '4 KiB' }),
    p.number(8, 'vlArbitrationHighCap', 'entries of the table', 'vlarbitrationhighcap'),
    p.number(8, 'vlArbitrationLowCap', 'entries of the table', 'vlarbitrationlowcap'),
    word(
      p.hex(4, 'initTypeReply', 'of the subnet manager', 'inittypereply'),
      p.number(4, 'mtuCap', 'largest that it can', 'mtucap', { names: mtuNames }),
    ),
    word(
      p.number(3, 'vlStallCount', 'dropped packets until a lane stalls', 'vlstallcount'),
      p.number(5, 'hoqLife', 'stay at the head of the queue', 'hoqlife', { unit: TIMEOUT_UNIT }),
    ),
    word(
      p.number(4, 'operationalVls', 'virtual lanes in use', 'operationalvls', { names: vls }),
      p.bit('partitionEnforcementInbound', 'checks P_Keys', 'partitionenforcementinbound'),
      p.bit('partitionEnforcementOutbound', 'checks P_Keys', 'partitionenforcementoutbound'),
      p.bit('filterRawInbound', 'drops raw packets', 'filterrawinbound'),
      p.bit('filterRawOutbound', 'drops raw packets', 'filterrawoutbound'),
    ),
    p.number(16, 'mKeyViolations', 'counted', 'm_keyviolations'),
    p.number(16, 'pKeyViolations', 'counted', 'p_keyviolations'),
    p.number(16, 'qKeyViolations', 'counted', 'q_keyviolations'),
    p.number(8, 'guidCap', 'entries of its GUID table', 'guidcap'),
    word(
      p.bit('clientReregister', 'clients shall register again', 'clientreregister'),
      p.number(2, 'multicastPKeyTrapSuppressionEnabled', 'reserved before IBA 1.2.1'),
      p.number(5, 'subnetTimeOut', 'longest way through the subnet', 'subnettimeout', {
        unit: TIMEOUT_UNIT,
      }),
    ),
    word(
      reserved(3),
      p.number(5, 'respTimeValue', 'longest time to respond', 'resptimevalue', {
        unit: TIMEOUT_UNIT,
      }),
    ),
    word(
      p.number(4, 'localPhyErrors', 'until the link is retrained', 'localphyerrors'),
      p.number(4, 'overrunErrors', 'until a trap is sent', 'overrunerrors'),
    ),
    p.number(16, 'maxCreditHint', 'credits of a lane that are of use', 'maxcredithint'),
    word(
      reserved(8),
      p.number(24, 'linkRoundTripLatency', 'of the link', 'linkroundtriplatency', {
        unit: '4 ns',
      }),
    ),
    p.hex(16, 'capabilityMask2', 'reserved before IBA 1.3'),
    word(
      p.number(4, 'linkSpeedExtActive', 'beyond QDR; 0: not so fast', '', {
        names: { 0: 'NONE', 1: 'FDR', 2: 'EDR', 4: 'HDR', 8: 'NDR' },
      }),
      p.hex(4, 'linkSpeedExtSupported', 'bits of the speeds'),
    ),
    word(reserved(3), p.hex(5, 'linkSpeedExtEnabled', 'bits of the speeds')),
  ],
  { key: 'port-info', family: 'mad', title: 'Port info', section: 'IBA 14.2.5.6' },
);

export const portInfo = attribute(PortInfo, (layer) => {
  const state = PortInfo.span('portState')!.field.names?.[layer.number('portState')] ?? '';
  return `LID ${layer.number('lid')} ${state}`;
});
