import type { Known } from "../known.ts";
import type { Step } from "../step.ts";
import { challengeStep } from "./challenge.ts";
import { doorStep } from "./door.ts";
import { endingSteps } from "./ending.ts";
import { eraStep } from "./era.ts";
import { initializeStep, sessionIdStep } from "./initialize.ts";
import { issuerSteps } from "./issuers.ts";
import { metadataStep } from "./metadata.ts";
import { modernSteps } from "./modern.ts";
import { originSteps } from "./origin.ts";
import type { ClientParts } from "./parts.ts";
import { reachingSteps } from "./reaching.ts";
import { resourceStep } from "./resource.ts";
import { sessionSteps } from "./session.ts";
import { staleSteps } from "./stale.ts";
import { streamStep } from "./stream.ts";
import { tokenStep } from "./token.ts";
import { toolsStep } from "./tools.ts";

/** A client's way, from the URL to the end of its session. */
export function clientSteps(
  parts: ClientParts,
  { newId, whereIs }: { newId: () => string; whereIs: (sessionId: string) => string | undefined },
): Step<Known>[] {
  return [
    ...reachingSteps(parts),
    doorStep(parts),
    challengeStep(parts.target),
    metadataStep(parts),
    resourceStep(parts.target),
    ...issuerSteps(parts),
    ...originSteps(parts),
    tokenStep(parts),
    eraStep(),
    initializeStep(parts),
    sessionIdStep(),
    ...sessionSteps(parts, whereIs),
    streamStep(parts),
    toolsStep(parts),
    ...staleSteps(parts, newId),
    ...endingSteps(parts),
    ...modernSteps(parts),
  ];
}
