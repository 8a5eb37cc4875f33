export { type ClientOptions, type Outcome, rpingClient } from './client.js';
export {
  fillPing,
  LEAST_SIZE,
  MOST_SIZE,
  RPING_PORT,
  RpingInfo,
  textOf,
  USUAL_SIZE,
} from './message.js';
export { rpingServer, type Served, type ServerOptions } from './server.js';
