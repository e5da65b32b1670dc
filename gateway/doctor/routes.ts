import * as contract from "../../openapi/diagnosis.ts";
import { problem } from "../problem.ts";
import type { RestApp } from "../rest.ts";
import type { Consultation, Consulted, Doctor } from "./patient.ts";

/** The doctor's REST API. */
export function mountDoctor(app: RestApp, doctor: Doctor): void {
  app.openapi(contract.diagnoseAdapter, async (c) => {
    const { name } = c.req.valid("param");
    const consulted = await doctor.consult(consultation(c, { kind: "adapter", name }));
    return consulted.state === "refused" ? refusal(consulted, c.var.requestId) : c.json(consulted.diagnosis, 200);
  });

  app.openapi(contract.diagnoseServer, async (c) => {
    const { name } = c.req.valid("param");
    const consulted = await doctor.consult(consultation(c, { kind: "server", name }));
    return consulted.state === "refused" ? refusal(consulted, c.var.requestId) : c.json(consulted.diagnosis, 200);
  });

  app.openapi(contract.diagnoseRouter, async (c) => {
    const consulted = await doctor.consult(consultation(c, { kind: "router" }));
    return consulted.state === "refused" ? refusal(consulted, c.var.requestId) : c.json(consulted.diagnosis, 200);
  });
}

type Asked = { readonly req: { readonly raw: Request }; readonly var: Pick<Consultation, "principal"> };

function consultation({ req, var: { principal } }: Asked, patient: Consultation["patient"]): Consultation {
  return { patient, principal, request: req.raw };
}

const statusOf = { absent: 404, forbidden: 403, busy: 409, full: 503 } as const;

function refusal({ why, detail }: Extract<Consulted, { state: "refused" }>, requestId: string) {
  return problem(statusOf[why], detail, requestId);
}
