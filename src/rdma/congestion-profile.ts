// Parameters of congestion control as data: DCQCN for RoCE v2 as published and as mlx5 has it, and InfiniBand's own
// control by tables (IBA A10).

/**
 * DCQCN (Zhu et al., SIGCOMM 2015). Names are those of mlx5's `ecn/roce_np` and `ecn/roce_rp` in sysfs; times are
 * microseconds, rates Mb/s.
 */
export interface DcqcnParameters {
  /** Notification point: least time between two CNPs of one queue pair; N in the paper. */
  readonly minTimeBetweenCnps: number;
  readonly cnpDscp: number;
  /** Priority of CNPs in a VLAN tag. */
  readonly cnp802pPrio: number;
  /** Alpha keeps this much of itself at an update, in 1/1024: (1 - g) of the paper. */
  readonly dceTcpG: number;
  /** Alpha is updated so often; K of the paper. */
  readonly dceTcpRtt: number;
  /** Alpha before the first CNP, in 1/1024. */
  readonly initialAlphaValue: number;
  /** Rate after the first CNP; 0: as after any other. */
  readonly rateToSetOnFirstCnp: number;
  /** No more than one decrease in this time. */
  readonly rateReduceMonitorPeriod: number;
  /** A decrease leaves at least so many per cent. */
  readonly rpgMinDecFac: number;
  readonly rpgMinRate: number;
  /** Time and 64-byte units sent between increases; T and B of the paper. */
  readonly rpgTimeReset: number;
  readonly rpgByteReset: number;
  /** Increases by time or bytes that belong to fast recovery; F of the paper. */
  readonly rpgThreshold: number;
  readonly rpgAiRate: number;
  readonly rpgHaiRate: number;
  /** Every decrease takes the target down to the rate; otherwise only the first after an increase does. */
  readonly clampTgtRate: boolean;
}

/** Congestion control of a channel adapter (IBA A10.2.1.2): one CongestionControlTable and its timer. */
export interface CctParameters {
  /** CCTI_Increase, CCTI_Limit, CCTI_Min (A10.4.3.9). */
  readonly increase: number;
  readonly limit: number;
  readonly least: number;
  /** CCTI_Timer in units of 1.024 us: the index falls by one each time. */
  readonly timer: number;
  /** Injection rate delays: packet times to wait after a packet, by index. */
  readonly table: readonly number[];
}

export interface CongestionProfile {
  readonly dcqcn?: DcqcnParameters;
  readonly cct?: CctParameters;
}

/**
 * Section 5.2 and figure 14 of the paper: N = 50 us, K = T = 55 us, g = 1/256, B = 10 MB, F = 5, R_AI = 40 Mb/s. The
 * paper prints no R_HAI; ten times R_AI is taken, as between mlx5's two.
 */
export const zhuDcqcn: DcqcnParameters = {
  minTimeBetweenCnps: 50,
  cnpDscp: 48,
  cnp802pPrio: 6,
  dceTcpG: 1020,
  dceTcpRtt: 55,
  initialAlphaValue: 1024,
  rateToSetOnFirstCnp: 0,
  rateReduceMonitorPeriod: 0,
  rpgMinDecFac: 0,
  rpgMinRate: 10,
  rpgTimeReset: 55,
  rpgByteReset: 156_250,
  rpgThreshold: 5,
  rpgAiRate: 40,
  rpgHaiRate: 400,
  clampTgtRate: true,
};

/** Defaults of ConnectX-4 and later (NVIDIA, "DCQCN CC Parameters" in the DOCA documentation). */
export const mlx5Dcqcn: DcqcnParameters = {
  minTimeBetweenCnps: 4,
  cnpDscp: 48,
  cnp802pPrio: 6,
  dceTcpG: 1019,
  dceTcpRtt: 1,
  initialAlphaValue: 1023,
  rateToSetOnFirstCnp: 0,
  rateReduceMonitorPeriod: 4,
  rpgMinDecFac: 50,
  rpgMinRate: 1,
  rpgTimeReset: 300,
  rpgByteReset: 32_767,
  rpgThreshold: 1,
  rpgAiRate: 5,
  rpgHaiRate: 50,
  clampTgtRate: false,
};

const CCT_ENTRIES = 128;
/**
 * Increase, limit and timer of Gran et al., "First Experiences with Congestion Control in InfiniBand Hardware" (2010).
 * The table's delay grows by an eighth of a packet time with each index, so that the rate falls as 1 / (1 + i / 8): the
 * standard leaves the values to the congestion manager, and these are our own.
 */
export const gentleCct: CctParameters = {
  increase: 1,
  limit: CCT_ENTRIES - 1,
  least: 0,
  timer: 150,
  table: Array.from({ length: CCT_ENTRIES }, (_, i) => i / 8),
};
