// A stock Linux kernel's NVMe over Fabrics host, over rdma_rxe and over TCP, with a storage pool of ours: a file system's
// life on a namespace, and what the kernel has to say about it.

import { type ServedPool, servePool } from '../../src/cli/live-pool.js';
import { POOL_NQN } from '../../src/cli/pool-subsystem.js';
import { chances, type Impairment } from '../../src/fabric/index.js';
import { parseVolume } from '../../src/storage/backing.js';
import { Random } from '../../src/time/index.js';
import { assert, spec } from '../support/spec.js';
import { guestOn, judgeCapture, liveHost } from './host.js';

const HOST = [
  '--hostnqn=nqn.2014-08.org.nvmexpress:uuid:00000000-0000-4000-8000-000000000001',
  '--hostid=00000000-0000-4000-8000-000000000001',
].join(' ');
/**
 * What tshark 4.0 misreads: it guesses at what packets of RDMA carry, and reassembles no PDU through retransmissions that
 * overlap what it has.
 */
const MISREAD =
  'infiniband.bth.opcode < 0x20 || _ws.expert.message contains "fragment overlaps old data"';

/** A guest under software emulation takes minutes for what a machine does in seconds. */
const SECONDS = 400;

const setup = (transport: 'rdma' | 'tcp') => `set -e
ip link set eth0 up mtu 1500
ip addr add 10.0.0.2/24 dev eth0
mkdir -p /etc/nvme
modprobe nvme_${transport}; modprobe ext4
${transport === 'rdma' ? 'modprobe rdma_rxe; sleep 2; rdma link add rxe0 type rxe netdev eth0; sleep 1' : 'sleep 1'}
at="-t ${transport} -a 10.0.0.1 -s 4420 ${HOST}"
connect() {
  nvme connect $at -n ${POOL_NQN} "$@"
  for i in 1 2 3 4 5 6 7 8 9 10; do [ -b /dev/nvme0n1 ] && [ -b /dev/nvme0n2 ] && break; sleep 0.5; done
}
`;

/** Nothing that the kernel calls an error. */
const complaints = `
if dmesg | grep -E 'nvme.*([Ee]rror|timeout|reset|[Ff]ail|[Bb]ogus|unsupported|mismatch)|I/O error|EXT4-fs (error|warning)|WARNING:|BUG:'
then exit 9; fi
`;

const life = (options = '') => `
nvme discover $at
connect ${options}
nvme id-ctrl /dev/nvme0 | grep -E '^(mn|subnqn|mdts|nn|vwc) '
nvme id-ns /dev/nvme0n1 | grep -E '^(nsze|lbaf)'
nvme smart-log /dev/nvme0 > /dev/null; nvme error-log /dev/nvme0 > /dev/null
mkfs.ext4 -q -F /dev/nvme0n1
mount /dev/nvme0n1 /mnt
cp -r /usr/sbin /mnt/tree
(cd /usr/sbin; find . -type f | sort | head -200 | xargs sha256sum) > /tmp/sums
umount /mnt
fsck.ext4 -f -n /dev/nvme0n1
fio --name=verify --filename=/dev/nvme0n2 --rw=randwrite --bs=4k --size=2M --iodepth=8 --ioengine=libaio \\
  --direct=1 --verify=crc32c --verify_fatal=1 --output-format=terse > /tmp/fio
cut -d';' -f3,5 /tmp/fio
nvme compare /dev/nvme0n2 -s 0 -c 0 -z 512 -d /dev/zero && echo COMPARE-SAME || echo COMPARE-DIFFERS
blkdiscard /dev/nvme0n2
head -c 2097152 /dev/nvme0n2 | tr -d '\\0' | wc -c | sed 's/^/LEFT /'
nvme disconnect -n ${POOL_NQN}
connect ${options}
mount -o ro /dev/nvme0n1 /mnt
(cd /mnt/tree; sha256sum -c -s /tmp/sums) && echo TREE-OK
umount /mnt
nvme disconnect -n ${POOL_NQN}
${complaints}
`;

const shortLife = `
connect -i 1
dd if=/dev/urandom of=/tmp/data bs=64k count=8 2>/dev/null
dd if=/tmp/data of=/dev/nvme0n2 bs=16k oflag=direct 2>/dev/null
dd if=/dev/nvme0n2 bs=64k count=8 iflag=direct 2>/dev/null | cmp - /tmp/data && echo SAME
nvme disconnect -n ${POOL_NQN}
${complaints}
`;

async function run(script: string, impairments: Impairment[] = []) {
  const live = await liveHost(['10.0.0.1/24'], impairments);
  const volumes = ['a=48M', 'b=4M'].map(parseVolume);
  const pool: ServedPool = await servePool(live.world, live.host, volumes);
  live.world.settle();
  const { console } = await guestOn(live, script, { seconds: SECONDS });
  await live.close();
  await pool.close();
  judgeCapture(live.capture, MISREAD);
  live.discard();
  return { console, pool };
}

function lived({ console, pool }: Awaited<ReturnType<typeof run>>): void {
  assert.match(console, /subnqn:\s+nqn\.2014-08\.org\.nvmexpress\.discovery/, console);
  assert.match(console, POOL_NQN);
  assert.match(console, /mn\s+: wireverbs/);
  assert.match(console, 'TREE-OK', console);
  assert.match(console, /^verify;0$/m, 'fio found no error');
  assert.match(console, 'COMPARE-DIFFERS');
  assert.match(console, /LEFT 0\b/);
  assert.is(pool.subsystem.controllers.size, 0, 'the host said goodbye');
}

const spoiled = () => chances({ loss: 0.01 }, new Random(6));

spec('linux: NVMe over Fabrics', (it) => {
  it('over TCP a file system lives, is checked, and is there again after a reconnect', async () => {
    lived(await run(setup('tcp') + life('-i 2')));
  });
  it('over RDMA the same', async () => {
    lived(await run(setup('rdma') + life('-i 2')));
  });
  it('over TCP with digests, and through 1 % loss, data is what was written', async () => {
    const { console } = await run(
      `${setup('tcp')}${shortLife.replace('-i 1', '-i 1 --hdr-digest --data-digest')}`,
      [spoiled()],
    );
    assert.match(console, 'SAME', console);
  });
  it('over RDMA through 1 % loss data is what was written', async () => {
    const { console } = await run(setup('rdma') + shortLife, [spoiled()]);
    assert.match(console, 'SAME', console);
  });
});
