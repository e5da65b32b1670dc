import { expect, test } from "bun:test";
import { conditionsOf } from "../../gateway/control-plane/conditions.ts";

const status = { ready: 3, updated: 3, observedRevision: 7, reason: null };
const pulling = "weather-0: the image cannot be pulled";

test.each([
  ["nothing is known of it", undefined, 3, ["Unknown Pending", "Unknown Pending", "Unknown Pending"]],
  ["all is as wanted", status, 3, ["True Accepted", "True Available", "True Ready"]],
  ["the runtime knows more", { ...status, observedRevision: 8 }, 3, ["True Accepted", "True Available", "True Ready"]],
  [
    "no replica is ready",
    { ...status, ready: 0 },
    3,
    ["True Accepted", "False NoReplicaReady", "False ReplicasNotReady"],
  ],
  ["some are ready", { ...status, ready: 2 }, 3, ["True Accepted", "True Available", "False ReplicasNotReady"]],
  ["some are old", { ...status, updated: 2 }, 3, ["True Accepted", "True Available", "False RollingOut"]],
  [
    "none is wanted",
    { ...status, ready: 0, updated: 0 },
    0,
    ["True Accepted", "True ScaledToZero", "True ScaledToZero"],
  ],
  ["it lags behind", { ...status, observedRevision: 6 }, 3, ["False Pending", "True Available", "False NotAccepted"]],
  [
    "the latest is not taken, and why",
    { ...status, observedRevision: 6, reason: "The quota is exceeded." },
    3,
    ["False NotTaken", "True Available", "False NotAccepted"],
  ],
  [
    "it was never taken",
    { ready: 0, updated: 0, observedRevision: null, reason: "The quota is exceeded." },
    3,
    ["False NotTaken", "False NoReplicaReady", "False NotAccepted"],
  ],
  [
    "none is wanted, but that is not taken",
    { ...status, observedRevision: 6 },
    0,
    ["False Pending", "True ScaledToZero", "False NotAccepted"],
  ],
])("conditions where %s", (_case, seen, desired, expected) => {
  const conditions = conditionsOf(seen, desired, 7);
  expect(conditions.map(({ type }) => type)).toEqual(["Accepted", "Available", "Ready"]);
  expect(conditions.map(({ status, reason }) => `${status} ${reason}`)).toEqual(expected);
  for (const { reason } of conditions) expect(reason).toMatch(/^([A-Z][a-z]+)+$/);
});

test.each([
  [
    "as wanted",
    status,
    ["The runtime has taken revision 7.", "3 of 3 replicas are ready.", "3 of 3 replicas are ready."],
  ],
  [
    "not ready",
    { ...status, ready: 1, reason: pulling },
    ["The runtime has taken revision 7.", "1 of 3 replicas is ready.", `1 of 3 replicas is ready: ${pulling}`],
  ],
  [
    "rolling",
    { ...status, updated: 2 },
    ["The runtime has taken revision 7.", "3 of 3 replicas are ready.", "2 of 3 replicas run the latest settings."],
  ],
  [
    "behind",
    { ...status, observedRevision: 6 },
    [
      "The runtime has taken revision 6; revision 7 is the latest.",
      "3 of 3 replicas are ready.",
      "Revision 7 is not taken yet.",
    ],
  ],
])("messages say what is %s", (_case, seen, expected) => {
  expect(conditionsOf(seen, 3, 7).map(({ message }) => message)).toEqual(expected);
});
