// What block layers differ in. Numbers are in `profiles/block.ts`, with their sources.

export interface BlockProfile {
  readonly name: string;
  /** Of a request on its way down: checks, its tag, its place; one that only merges takes `mergeNs`. */
  readonly submitNs: number;
  readonly mergeNs: number;
  /** Each further piece of a request that is split. */
  readonly splitNs: number;
  /** Of a request on its way up. */
  readonly completeNs: number;
}
