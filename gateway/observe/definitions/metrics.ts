import { operationDefinitions } from "./operation.ts";
import { trafficDefinitions } from "./traffic.ts";

/**
 * All that a gateway counts. Dashboards and the documentation are made from this table, so that neither can speak of what is not
 * there. Labels hold few values: names of adapters and tools as far as there is room, never ids.
 */
export const metricDefinitions = { ...trafficDefinitions, ...operationDefinitions };
