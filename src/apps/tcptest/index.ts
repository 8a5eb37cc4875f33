export type { CpuUse } from './cpu-use.js';
export {
  isTcpTest,
  kernelFor,
  type TcpTestName,
  type TcpTestOptions,
  type TcpTestParameters,
  tcpTestNames,
  tcpTestParameters,
} from './parameters.js';
export { TcpTest, type TcpTestResult } from './tcp-test.js';
