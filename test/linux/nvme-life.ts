// The life of two namespaces in a guest, as a script: found, connected, identified, a file system made, filled and checked,
// verified I/O, discarded, parted from, met again. Each step says its name and when, so that a console tells where one ended;
// and each life is judged by what it said and by what the kernel had to say of it.

import { POOL_NQN } from '../../src/cli/pool-subsystem.js';
import { assert } from '../support/spec.js';

/** What a life needs of the pool: the first namespace has the file system, the second raw I/O. */
export const VOLUMES = ['tree=64M', 'raw=4M'];
const SECTOR = 512;

export interface Life {
  readonly name: string;
  readonly transport: 'rdma' | 'tcp';
  readonly address: string;
  readonly port?: number;
  /** More options of `nvme connect`. */
  readonly options?: string;
  /**
   * Without registration of memory, one page a command. rdma_rxe of Linux 6.1 registers once more what stands between
   * requests that it sends again, fails ("rxe_reg_fast_mr: mr->lkey not free"), and is silent from then on; so where
   * frames are lost, none may stand there.
   */
  readonly unregistered?: boolean;
}

const HOST = [
  '--hostnqn=nqn.2014-08.org.nvmexpress:uuid:00000000-0000-4000-8000-000000000001',
  '--hostid=00000000-0000-4000-8000-000000000001',
].join(' ');

const USUAL = `smallest=${SECTOR} verified=4M largest= seldom=`;
/** No two pages in a command, and hardly a command that another one overtakes on the admin queue. */
const UNREGISTERED = 'smallest=4k verified=1M largest=4 seldom="-k 120"';

/** Data is another one in every life: what an earlier one left is no answer. */
const functions = `
step() { echo "STEP $(cut -d' ' -f1 /proc/uptime) $life: $*"; }
retried() { for i in $(seq 80); do "$@" && return; sleep 0.25; done; echo "in vain: $*"; return 1; }
there() { [ -b /dev/nvme0n1 ] && [ -b /dev/nvme0n2 ]; }
gone() { ! [ -e /dev/nvme0 ]; }
connect() {
  nvme connect $at -n ${POOL_NQN} -i 2 $seldom "$@"
  retried there
  [ -z "$largest" ] || for limit in /sys/block/nvme0*/queue/max_sectors_kb; do echo $largest >$limit; done
}
part() { nvme disconnect -n ${POOL_NQN}; retried gone; }
same() { nvme compare /dev/nvme0n2 -s 0 -c 0 -z ${SECTOR} -d /dev/zero >/dev/null 2>&1 && echo same || echo different; }
tree() {
  rm -rf /tmp/tree; mkdir -p /tmp/tree/deep/er
  cd /usr/sbin; find . -type f -size -80 | sort | head -40 | tar -cf /tmp/some.tar -T -; cd /
  tar -xf /tmp/some.tar -C /tmp/tree
  dd if=/dev/urandom of=/tmp/tree/deep/er/random bs=64k count=16 2>/dev/null
  for i in $(seq 100); do echo "$life $i" >/tmp/tree/deep/$i; done
  cd /tmp/tree; find . -type f | sort | xargs sha256sum >/tmp/sums; cd /
  cp -a /tmp/tree /mnt/tree
}
live() {
  set -e
  step discover; nvme discover $at
  step connect; connect "$@"
  step identify
  nvme id-ctrl /dev/nvme0 | grep -E '^(mn|subnqn|mdts|nn|vwc) '
  for n in 1 2; do nvme id-ns /dev/nvme0n$n | grep -E '^(nsze|lbaf)'; done
  nvme smart-log /dev/nvme0 >/tmp/smart; nvme error-log /dev/nvme0 >/tmp/errors
  step mkfs.ext4; mkfs.ext4 -q -F /dev/nvme0n1 >/tmp/mkfs 2>&1
  step mount; mount /dev/nvme0n1 /mnt
  step tree; tree
  step unmount; umount /mnt
  step fsck; fsck.ext4 -f -n /dev/nvme0n1
  step fio
  fio --name=verify --filename=/dev/nvme0n2 --rw=randwrite --bsrange=$smallest-128k --size=$verified --iodepth=8 --ioengine=libaio \\
    --direct=1 --verify=crc32c --verify_fatal=1 --output-format=terse >/tmp/fio
  echo "FIO errors $(cut -d';' -f5 /tmp/fio)"
  echo "COMPARE with zeros: $(same)"
  step discard
  blkdiscard /dev/nvme0n2
  echo "LEFT $(head -c 4194304 /dev/nvme0n2 | tr -d '\\0' | wc -c)"
  echo "COMPARE with zeros: $(same)"
  step disconnect; part
  step reconnect; connect "$@"
  step again
  mount -o ro /dev/nvme0n1 /mnt
  cd /mnt/tree; sha256sum -c -s /tmp/sums; cd /
  echo "TREE of $(wc -l </tmp/sums) files"
  umount /mnt
  step disconnect; part
  step end
}
# Errors and warnings of the kernel (levels 0 to 4), but for what it says of unregistered memory and of a slow wire.
complaints() { dmesg -r | grep '^<[0-4]>' | grep -v -E 'enabling unsafe global rkey|long keepalive RTT|speed is unknown'; }
`;

const scriptOf = ({ name, transport, address, port = 4420, options = '', ...life }: Life) => `
life=${name} at='-t ${transport} -a ${address} -s ${port} ${HOST}' ${life.unregistered ? UNREGISTERED : USUAL}
modprobe -r nvme_${transport}; modprobe nvme_${transport} ${life.unregistered ? 'register_always=N' : ''}
dmesg -c >/dev/null
(live ${options}); rc=$?
complaints && rc="$rc, and the kernel complained"
[ "$rc" = 0 ] || { dmesg; umount /mnt 2>/dev/null; nvme disconnect-all; }
echo "LIFE ${name} ended with $rc"
`;

const devices = {
  rxe: 'modprobe rdma_rxe; sleep 1; rdma link add rxe0 type rxe netdev eth0; sleep 1',
  siw: `modprobe libcrc32c; modprobe ib_core; modprobe iw_cm
cat /dev/vdb >/tmp/siw.ko; insmod /tmp/siw.ko; sleep 1; rdma link add siw0 type siw netdev eth0; sleep 1`,
};

/** One life after the other; that one of them fails keeps none from being tried. */
export const guestScript = (device: keyof typeof devices, lives: readonly Life[]) => `set -e
ip link set eth0 up mtu 1500
ip addr add 10.0.0.2/24 dev eth0; ip addr add 10.0.1.2/24 dev eth0
if [ -e /sys/class/net/eth1 ]; then ip link set eth1 up; ip addr add 10.0.2.15/24 dev eth1; fi
mkdir -p /etc/nvme; modprobe ext4; modprobe rdma_ucm
${devices[device]}
set +e
${functions}${lives.map(scriptOf).join('')}`;

/** Prints how long the steps of a life took, as it ends. */
export class Progress {
  #last: readonly [step: string, at: number] | undefined;
  #steps: string[] = [];

  hear(line: string): void {
    const [, at, step] = /^STEP (\S+) .*: (.+)$/.exec(line) ?? [];
    if (step !== undefined) {
      if (this.#last)
        this.#steps.push(`${this.#last[0]} ${(Number(at) - this.#last[1]).toFixed(1)}`);
      this.#last = [step, Number(at)];
    }
    if (!line.startsWith('LIFE ')) return;
    console.log(`${line}; seconds: ${this.#steps.join(', ')}`);
    this.#last = undefined;
    this.#steps = [];
  }
}

/** What a guest said of one life is what it has to say. */
export function judgeLife(console: string, { name }: Life): void {
  const [, text = ''] =
    new RegExp(`^(STEP \\S+ ${name}: [^]*?^LIFE ${name} .*)$`, 'm').exec(console) ?? [];
  const says = (what: RegExp) => assert.match(text, what, `${name}:\n${text || console}`);
  says(new RegExp(`^LIFE ${name} ended with 0$`, 'm'));
  says(/subnqn: +nqn\.2014-08\.org\.nvmexpress\.discovery/);
  says(new RegExp(`subnqn: +${POOL_NQN}`));
  says(/^mn +: wireverbs/m);
  says(
    new RegExp(
      `^nsze +: 0x${((64 << 20) / SECTOR).toString(16)}$[^]*^nsze +: 0x${((4 << 20) / SECTOR).toString(16)}$`,
      'm',
    ),
  );
  says(/^Pass 5: Checking group summary information\n\/dev\/nvme0n1: \d+\/\d+ files/m);
  says(/^FIO errors 0\nCOMPARE with zeros: different$/m);
  says(/^LEFT 0\nCOMPARE with zeros: same$/m);
  says(/^TREE of 1\d\d files$/m);
}
