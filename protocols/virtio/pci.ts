// What a virtio device on PCI has as registers (virtio 1.2, 4.1.4): features, status and the places of its queues.

import { flag, reserved, uint, word } from '../core/field.js';
import { protocol } from '../core/protocol.js';
import { virtioHeader } from './base.js';

export const PciCommon = virtioHeader(
  'PciCommon',
  [
    uint(32, 'deviceFeatureSelect', 'which 32 bits device_feature shows'),
    uint(32, 'deviceFeature', 'what the device offers', { format: 'hex' }),
    uint(32, 'driverFeatureSelect', 'which 32 bits driver_feature shows'),
    uint(32, 'driverFeature', 'what the driver has accepted', { format: 'hex' }),
    uint(16, 'configMsixVector', 'interrupt of configuration changes', { format: 'hex' }),
    uint(16, 'numQueues', 'of the device'),
    word(
      flag('acknowledge', 'the guest has found the device'),
      flag('driver', 'it has a driver for it'),
      flag('driverOk', 'the driver is ready'),
      flag('featuresOk', 'features are settled'),
      reserved(2),
      flag('deviceNeedsReset', 'the device cannot go on'),
      flag('failed', 'the driver has given up'),
    ),
    uint(8, 'configGeneration', 'changes when the configuration does'),
    uint(16, 'queueSelect', 'whose registers the following are'),
    uint(16, 'queueSize', 'largest, then what the driver wants'),
    uint(16, 'queueMsixVector', 'interrupt of the queue', { format: 'hex' }),
    uint(16, 'queueEnable', '1: in use'),
    uint(16, 'queueNotifyOff', 'where to kick', { unit: 'notify_off_multiplier' }),
    uint(64, 'queueDesc', 'descriptor area', { format: 'hex' }),
    uint(64, 'queueDriver', 'driver area: available ring, or event suppression', { format: 'hex' }),
    uint(64, 'queueDevice', 'device area: used ring, or event suppression', { format: 'hex' }),
    uint(16, 'queueNotifyData', 'what to write as a kick (NOTIF_CONFIG_DATA)'),
    uint(16, 'queueReset', '1: resets the queue (RING_RESET)'),
  ],
  { key: 'virtio-pci', title: 'virtio over PCI: common configuration', section: '4.1.4.3' },
);

export const pciCommon = protocol(PciCommon, { label: 'virtio' });
