// Table of access rights, with libibverbs' names and values (infiniband/verbs.h, enum ibv_access_flags).

/** The local device may write. */
export const IBV_ACCESS_LOCAL_WRITE = 0x1;
/** Remote WRITEs are allowed. */
export const IBV_ACCESS_REMOTE_WRITE = 0x2;
/** Remote READs are allowed. */
export const IBV_ACCESS_REMOTE_READ = 0x4;
/** Remote atomics are allowed. */
export const IBV_ACCESS_REMOTE_ATOMIC = 0x8;
/** Windows may be bound to it. */
export const IBV_ACCESS_MW_BIND = 0x10;
/** Addresses count from the beginning of the region. */
export const IBV_ACCESS_ZERO_BASED = 0x20;
export const IBV_ACCESS_ON_DEMAND = 0x40;
export const IBV_ACCESS_HUGETLB = 0x80;
export const IBV_ACCESS_FLUSH_GLOBAL = 0x100;
export const IBV_ACCESS_FLUSH_PERSISTENT = 0x200;
export const IBV_ACCESS_RELAXED_ORDERING = 0x100000;

/** What `check` is asked for when the NIC only reads by an L_Key: every region allows it (IBA 10.6.3.3). */
export const LOCAL_READ = 0;

/** Rights that are used through an R_Key. */
export const REMOTE_RIGHTS =
  IBV_ACCESS_REMOTE_WRITE |
  IBV_ACCESS_REMOTE_READ |
  IBV_ACCESS_REMOTE_ATOMIC |
  IBV_ACCESS_FLUSH_GLOBAL |
  IBV_ACCESS_FLUSH_PERSISTENT;

/** Rights that change memory from afar, and so need IBV_ACCESS_LOCAL_WRITE beside them (IBA 10.6.3.1, C10-74). */
export const REMOTE_CHANGES = IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_ATOMIC;

/** Rights whose zero-length requests carry no key to be checked: READ and WRITE (IBA 9.7.4.1.5), own SGEs. */
export const EMPTY_IS_FREE =
  IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ;

/** What a region may be registered with here; on-demand paging is not there. */
export const REGION_RIGHTS =
  IBV_ACCESS_LOCAL_WRITE |
  REMOTE_RIGHTS |
  IBV_ACCESS_MW_BIND |
  IBV_ACCESS_ZERO_BASED |
  IBV_ACCESS_HUGETLB |
  IBV_ACCESS_RELAXED_ORDERING;

/** What a window may be bound with. */
export const WINDOW_RIGHTS = REMOTE_RIGHTS | IBV_ACCESS_ZERO_BASED;

export const accessNames: ReadonlyMap<number, string> = new Map([
  [IBV_ACCESS_LOCAL_WRITE, 'IBV_ACCESS_LOCAL_WRITE'],
  [IBV_ACCESS_REMOTE_WRITE, 'IBV_ACCESS_REMOTE_WRITE'],
  [IBV_ACCESS_REMOTE_READ, 'IBV_ACCESS_REMOTE_READ'],
  [IBV_ACCESS_REMOTE_ATOMIC, 'IBV_ACCESS_REMOTE_ATOMIC'],
  [IBV_ACCESS_MW_BIND, 'IBV_ACCESS_MW_BIND'],
  [IBV_ACCESS_ZERO_BASED, 'IBV_ACCESS_ZERO_BASED'],
  [IBV_ACCESS_ON_DEMAND, 'IBV_ACCESS_ON_DEMAND'],
  [IBV_ACCESS_HUGETLB, 'IBV_ACCESS_HUGETLB'],
  [IBV_ACCESS_FLUSH_GLOBAL, 'IBV_ACCESS_FLUSH_GLOBAL'],
  [IBV_ACCESS_FLUSH_PERSISTENT, 'IBV_ACCESS_FLUSH_PERSISTENT'],
  [IBV_ACCESS_RELAXED_ORDERING, 'IBV_ACCESS_RELAXED_ORDERING'],
]);

/** The names of the rights in `access`, for people. */
export const accessText = (access: number): string =>
  [...accessNames]
    .filter(([bit]) => (access & bit) !== 0)
    .map(([, name]) => name)
    .join(' | ') || '0';
