// Where the kernel's CPU time goes, by the categories of Cai et al. (SIGCOMM 2021, table 1). Whatever runs charges its
// cycles to the bill of its core; whoever has that core then takes the sum and spends it.

/** In the order of their published tables. */
export const cpuCategories = [
  'data_copy',
  'etc',
  'lock',
  'mm',
  'netdev',
  'sched',
  'skb',
  'tcp/ip',
] as const;
export type CpuCategory = (typeof cpuCategories)[number];

export const DATA_COPY = 0;
export const ETC = 1;
export const LOCK = 2;
export const MM = 3;
export const NETDEV = 4;
export const SCHED = 5;
export const SKB = 6;
export const TCP_IP = 7;
const CATEGORIES = cpuCategories.length;
const NS = 1e9;

export class CpuBill {
  /** Which core works now. */
  core = 0;
  /** Nanoseconds by core and category: still to be spent, and all so far. */
  readonly #owed: Float64Array;
  readonly #all: Float64Array;
  readonly #nsPerCycle: number;

  constructor(cores: number, hertz: number) {
    this.#owed = new Float64Array(cores);
    this.#all = new Float64Array(cores * CATEGORIES);
    this.#nsPerCycle = NS / hertz;
  }

  // hot
  charge(category: number, cycles: number): void {
    this.chargeNs(category, cycles * this.#nsPerCycle);
  }

  // hot
  chargeNs(category: number, ns: number): void {
    this.#owed[this.core]! += ns;
    this.#all[this.core * CATEGORIES + category]! += ns;
  }

  /** Somebody else spends it (a system call, a switch): only the category is noted. */
  note(category: number, ns: number): void {
    this.#all[this.core * CATEGORIES + category]! += ns;
  }

  nsOf(cycles: number): number {
    return cycles * this.#nsPerCycle;
  }

  owes(core: number): boolean {
    return this.#owed[core]! > 0;
  }

  /** Nanoseconds that the core has still to spend. */
  // hot
  owedBy(core: number): number {
    return this.#owed[core]!;
  }

  /** What the core has to spend now. */
  // hot
  take(core: number): number {
    const ns = this.#owed[core]!;
    this.#owed[core] = 0;
    return ns;
  }

  /** Nanoseconds of a category so far, on all cores. */
  total(category: CpuCategory): number {
    const index = cpuCategories.indexOf(category);
    let sum = 0;
    for (let i = index; i < this.#all.length; i += CATEGORIES) sum += this.#all[i]!;
    return sum;
  }

  clear(): void {
    this.#all.fill(0);
  }
}
