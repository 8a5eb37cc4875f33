// Rates of links as the management attributes say them: a table of widths, speeds of a lane and static rate codes
// (IBA 9.11.1, 14.2.5.6).

export interface LinkRate {
  /** Bits a second, the widest that has this code. */
  readonly rate: number;
  /** PathRecord:Rate. */
  readonly code: number;
  /** PortInfo: LinkWidthActive, LinkSpeedActive, LinkSpeedExtActive. */
  readonly width: number;
  readonly speed: number;
  readonly extended: number;
}

const [X1, X4] = [1, 2];
const [SDR, DDR, QDR] = [1, 2, 4];
const [NONE, FDR, EDR, HDR, NDR] = [0, 1, 2, 4, 8];

const row = (gigabits: number, code: number, width: number, speed: number, extended: number) => ({
  rate: gigabits * 1e9,
  code,
  width,
  speed,
  extended,
});

/** Slowest first. */
export const linkRates: readonly LinkRate[] = [
  row(2.5, 2, X1, SDR, NONE),
  row(5, 5, X1, DDR, NONE),
  row(10, 3, X4, SDR, NONE),
  row(14, 11, X1, QDR, FDR),
  row(20, 6, X4, DDR, NONE),
  row(25, 15, X1, QDR, EDR),
  row(40, 7, X4, QDR, NONE),
  row(50, 20, X1, QDR, HDR),
  row(56, 12, X4, QDR, FDR),
  row(100, 16, X4, QDR, EDR),
  row(200, 17, X4, QDR, HDR),
  row(400, 21, X4, QDR, NDR),
];

/** The fastest row that a link of `rate` reaches; the slowest one below all of them. */
export const linkRateOf = (rate: number): LinkRate =>
  linkRates.findLast((r) => r.rate <= rate) ?? linkRates[0]!;

/** The row of a port's width and speed; undefined when the table has none. */
export const linkRateBy = (width: number, speed: number, extended: number): LinkRate | undefined =>
  linkRates.find(
    (r) => r.width === width && r.extended === extended && (extended > 0 || r.speed === speed),
  );

/** PortInfo:VLCap and OperationalVLs by data lanes. */
export const laneCodes: Readonly<Record<number, number>> = { 1: 1, 2: 2, 4: 3, 8: 4, 15: 5 };

/** The same from its code; 0 where it says nothing. */
export const lanesOfCode = (code: number): number =>
  Number(Object.entries(laneCodes).find(([, other]) => other === code)?.[0] ?? 0);

/** MTU codes (IBA 14.2.5.6): 256 x 2^(code - 1). */
export const mtuCode = (mtu: number): number => Math.floor(Math.log2(mtu / 256)) + 1;
export const mtuBytes = (code: number): number => 256 * 2 ** (code - 1);
