import type { McpTool } from "../../../../openapi/tools.ts";
import { statusName } from "./status-name.ts";
import { readBytes } from "./read-bytes.ts";
import { errorResult, oneLine, textResult, type ToolResult } from "./result.ts";

/** Checks values against a tool's schemas; what it says is for a model to act on. */
export type Schemas = { validator(schema: object, name?: string): (value: unknown) => string | undefined };

/** As much of a 4xx's body is read, and shown. */
const maxComplaintBytes = 4096;
const maxComplaintLength = 500;

/** Besides JSON, these are taken for what they say, where no outputSchema wants JSON. */
const textTypes = new Set(["text/plain", "text/markdown", "text/csv"]);

type AnswerOptions = { readonly schemas: Schemas; readonly maxAnswerBytes: number };

/** A tool's HTTP answer as the result of the call. At most `maxAnswerBytes` of it are held; the rest is not fetched. */
export async function resultFrom(answer: Response, tool: McpTool, options: AnswerOptions): Promise<ToolResult> {
  if (!answer.ok) return failureFrom(answer);
  const kind = kindOf(answer, tool.outputSchema !== undefined);
  if (kind.state === "refused") {
    await answer.body?.cancel();
    return errorResult(kind.reason);
  }
  const read = await readBytes(answer.body, options.maxAnswerBytes);
  if (read.state === "broken") return errorResult("The tool broke off in the middle of its answer.");
  if (read.state === "cut") return errorResult(`The tool's answer is larger than ${options.maxAnswerBytes} bytes.`);
  if (kind.state === "media") {
    const data = Buffer.from(read.bytes).toString("base64");
    return { content: [{ type: kind.type, data, mimeType: kind.mimeType }] };
  }
  const text = new TextDecoder().decode(read.bytes);
  return tool.outputSchema ? structured(text, tool.outputSchema, options.schemas) : textResult(text);
}

/** 5xx bodies are about the tool's inside; what a 4xx complains of, the caller may put right. */
async function failureFrom(answer: Response): Promise<ToolResult> {
  const failure = `Inference server returned ${statusName(answer.status)}`;
  const type = mediaTypeOf(answer);
  const mayBeShown =
    answer.status >= 400 && answer.status < 500 && isPlain(answer) && (isJson(type) || type === "text/plain");
  if (!mayBeShown) {
    await answer.body?.cancel();
    return errorResult(failure);
  }
  const read = await readBytes(answer.body, maxComplaintBytes);
  const complaint = read.state === "broken" ? "" : oneLine(new TextDecoder().decode(read.bytes), maxComplaintLength);
  return errorResult(complaint === "" ? failure : `${failure}: ${complaint}`);
}

type Kind =
  | { state: "text" }
  | { state: "media"; type: "image" | "audio"; mimeType: string }
  | { state: "refused"; reason: string };

function kindOf(answer: Response, wantsJson: boolean): Kind {
  // Nobody asked for a coding (RFC 9110 §12.5.3).
  if (!isPlain(answer)) return { state: "refused", reason: "The tool's answer is encoded, which was not asked for." };
  const type = mediaTypeOf(answer);
  if (answer.status === 204 || type === "" || isJson(type)) return { state: "text" };
  if (!wantsJson) {
    const media = /^(image|audio)\/[\w.+-]{1,100}$/.exec(type)?.[1];
    if (media === "image" || media === "audio") return { state: "media", type: media, mimeType: type };
    if (textTypes.has(type)) return { state: "text" };
  }
  return { state: "refused", reason: `The tool answered ${oneLine(type, 100)} instead of JSON.` };
}

function structured(text: string, outputSchema: object, schemas: Schemas): ToolResult {
  if (text.trim() === "") return errorResult("The tool answered nothing instead of JSON.");
  let structuredContent: unknown;
  try {
    structuredContent = JSON.parse(text);
  } catch {
    return errorResult("The tool's answer is not valid JSON.");
  }
  const problem = schemas.validator(outputSchema, "structuredContent")(structuredContent);
  if (problem !== undefined) return errorResult(`The tool's answer does not match its outputSchema: ${problem}.`);
  return { ...textResult(text), structuredContent: structuredContent as Record<string, unknown> };
}

function mediaTypeOf({ headers }: Response): string {
  return (headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

function isJson(type: string): boolean {
  return type === "application/json" || /^application\/[\w.-]+\+json$/.test(type);
}

function isPlain({ headers }: Response): boolean {
  return (headers.get("content-encoding") ?? "identity").trim().toLowerCase() === "identity";
}
