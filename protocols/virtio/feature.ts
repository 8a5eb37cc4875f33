// Feature bits and the bits of the device status, as tables (virtio 1.2, 2.1, 2.2, 5.1.3, 5.2.3, 6).

/** For all devices: of rings and of transports (6). */
export const ringFeatures = {
  28: 'INDIRECT_DESC',
  29: 'EVENT_IDX',
  32: 'VERSION_1',
  33: 'ACCESS_PLATFORM',
  34: 'RING_PACKED',
  35: 'IN_ORDER',
  36: 'ORDER_PLATFORM',
  37: 'SR_IOV',
  38: 'NOTIFICATION_DATA',
  39: 'NOTIF_CONFIG_DATA',
  40: 'RING_RESET',
} as const;

/** Of network devices (5.1.3). */
export const netFeatures = {
  0: 'CSUM',
  1: 'GUEST_CSUM',
  2: 'CTRL_GUEST_OFFLOADS',
  3: 'MTU',
  5: 'MAC',
  7: 'GUEST_TSO4',
  8: 'GUEST_TSO6',
  9: 'GUEST_ECN',
  10: 'GUEST_UFO',
  11: 'HOST_TSO4',
  12: 'HOST_TSO6',
  13: 'HOST_ECN',
  14: 'HOST_UFO',
  15: 'MRG_RXBUF',
  16: 'STATUS',
  17: 'CTRL_VQ',
  18: 'CTRL_RX',
  19: 'CTRL_VLAN',
  21: 'GUEST_ANNOUNCE',
  22: 'MQ',
  23: 'CTRL_MAC_ADDR',
  54: 'GUEST_USO4',
  55: 'GUEST_USO6',
  56: 'HOST_USO',
  57: 'HASH_REPORT',
  59: 'GUEST_HDRLEN',
  60: 'RSS',
  61: 'RSC_EXT',
  62: 'STANDBY',
  63: 'SPEED_DUPLEX',
} as const;

/** Of block devices (5.2.3). */
export const blkFeatures = {
  1: 'SIZE_MAX',
  2: 'SEG_MAX',
  4: 'GEOMETRY',
  5: 'RO',
  6: 'BLK_SIZE',
  9: 'FLUSH',
  10: 'TOPOLOGY',
  11: 'CONFIG_WCE',
  12: 'MQ',
  13: 'DISCARD',
  14: 'WRITE_ZEROES',
  15: 'LIFETIME',
  16: 'SECURE_ERASE',
  17: 'ZONED',
} as const;

/** The steps of setting a device up, which the driver sets one after the other (2.1, 3.1.1). */
export const deviceStatus = {
  ACKNOWLEDGE: 1,
  DRIVER: 2,
  DRIVER_OK: 4,
  FEATURES_OK: 8,
  DEVICE_NEEDS_RESET: 64,
  FAILED: 128,
} as const;

/** Device IDs (5). */
export const deviceIds = { net: 1, blk: 2 } as const;
