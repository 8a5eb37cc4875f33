// What a Terminate message complains of: the three layers, their error types and codes (RFC 5040 4.8 figure 10,
// RFC 5041 7, RFC 5044 8, RFC 6581 8).

/** Which layer a Terminate message complains of (RFC 5040 4.8). */
export const terminateLayers = { 0: 'RDMA', 1: 'DDP', 2: 'LLP' } as const;

interface ErrorType {
  readonly does: string;
  readonly codes: Readonly<Record<number, string>>;
}

const unspecified = { 255: 'unspecified error' };

const rdma: Readonly<Record<number, ErrorType>> = {
  0: { does: 'local catastrophic error', codes: { 0: 'local catastrophic error' } },
  1: {
    does: 'remote protection error',
    codes: {
      0: 'invalid STag',
      1: 'base or bounds violation',
      2: 'access rights violation',
      3: 'STag not associated with stream',
      4: 'TO wrap',
      9: 'STag cannot be invalidated',
      ...unspecified,
    },
  },
  2: {
    does: 'remote operation error',
    codes: {
      5: 'invalid RDMAP version',
      6: 'unexpected opcode',
      7: 'catastrophic error, localized to RDMAP stream',
      8: 'catastrophic error, global',
      9: 'STag cannot be invalidated',
      ...unspecified,
    },
  },
};

const ddp: Readonly<Record<number, ErrorType>> = {
  0: { does: 'local catastrophic error', codes: { 0: 'local catastrophic error' } },
  1: {
    does: 'tagged buffer error',
    codes: {
      0: 'invalid STag',
      1: 'base or bounds violation',
      2: 'STag not associated with stream',
      3: 'TO wrap',
      4: 'invalid DDP version',
    },
  },
  2: {
    does: 'untagged buffer error',
    codes: {
      1: 'invalid QN',
      2: 'invalid MSN, no buffer available',
      3: 'invalid MSN, range is not valid',
      4: 'invalid MO',
      5: 'message too long for the buffer',
      6: 'invalid DDP version',
    },
  },
  3: { does: 'error of the layer below', codes: {} },
};

const llp: Readonly<Record<number, ErrorType>> = {
  0: {
    does: 'MPA error',
    codes: {
      1: 'TCP connection closed, terminated or lost',
      2: 'CRC error',
      3: 'marker and ULPDU length mismatch',
      4: 'invalid MPA request or reply frame',
      5: 'local catastrophic error',
      6: 'insufficient IRD resources',
      7: 'no matching RTR option',
    },
  },
};

const layers = [rdma, ddp, llp];

/** The error in words, or undefined where one of the three numbers has no meaning. */
export function terminateError(layer: number, etype: number, code: number): string | undefined {
  const type = layers[layer]?.[etype];
  const error = type?.codes[code];
  const name = (terminateLayers as Readonly<Record<number, string>>)[layer];
  return type && error !== undefined ? `${name} / ${type.does} / ${error}` : undefined;
}
