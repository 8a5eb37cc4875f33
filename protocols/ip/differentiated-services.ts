// Names in the byte that IPv4 calls type of service and IPv6 traffic class.

/** Code points of RFC 2474, 2597, 3246, 5865 and 8622 (IANA's register). */
export const dscpNames = {
  0: 'CS0',
  1: 'LE',
  8: 'CS1',
  10: 'AF11',
  12: 'AF12',
  14: 'AF13',
  16: 'CS2',
  18: 'AF21',
  20: 'AF22',
  22: 'AF23',
  24: 'CS3',
  26: 'AF31',
  28: 'AF32',
  30: 'AF33',
  32: 'CS4',
  34: 'AF41',
  36: 'AF42',
  38: 'AF43',
  40: 'CS5',
  44: 'VOICE_ADMIT',
  46: 'EF',
  48: 'CS6',
  56: 'CS7',
} as const;

/** RFC 3168 5. */
export const ecnNames = { 0: 'NOT_ECT', 1: 'ECT_1', 2: 'ECT_0', 3: 'CE' } as const;
