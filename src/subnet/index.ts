export { SubnetAgent } from './agent.js';
export { SM_STATE } from './constant.js';
export { gidBytes, guidOfGid } from './gid.js';
export { LaneMap } from './lane-map.js';
export { type MadOrigin, type ManagerOptions, SubnetManager } from './manager.js';
export { type LinkState, ManagedNode, type ManagedPort, type SwitchTables } from './node.js';
export { PathQueries, type PathQuestion, type SubnetPath } from './path-query.js';
export { type PortView, viewOf } from './port-view.js';
export { isAdministration } from './sa-query.js';
