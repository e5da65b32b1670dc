import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import type { Access } from "../../auth/access.ts";
import type { Resource } from "../../store/store.ts";
import type { View } from "../../store/view.ts";
import type { Caller } from "./caller.ts";
import type { Offer } from "./offer.ts";
import type { PeerAnswer, Peers } from "./peer.ts";
import { protocolError } from "./peer-error.ts";
import type { RoutedExchange } from "./routed-exchange.ts";
import { originOfUri, shownContents, shownPromptMessages } from "./lists/shown-uri.ts";

type Result = Readonly<Record<string, unknown>>;
type Params = Readonly<Record<string, unknown>>;
export type PromptsAndResources = ReturnType<typeof promptsAndResources>;

/** Requests about prompts and resources, which only adapters have. */
export function promptsAndResources({
  access,
  view,
  peers,
}: {
  access: Pick<Access, "may">;
  view: Pick<View, "get">;
  peers: Pick<Peers, "request">;
}) {
  return { getPrompt, readResource, complete };

  async function getPrompt(
    offer: Offer,
    params: { name: string; arguments?: unknown },
    caller: Caller,
    exchange: RoutedExchange,
  ): Promise<Result> {
    const { adapter, name } = await promptNamed(offer, params.name, caller);
    const given = params.arguments === undefined ? {} : { arguments: params.arguments };
    const result = await ask(adapter, "prompts/get", { name, ...given }, caller, exchange);
    return shownPromptMessages(adapter.name, result);
  }

  /** By its URI alone, since a template's resources are in no list. */
  async function readResource({ uri }: { uri: string }, caller: Caller, exchange: RoutedExchange): Promise<Result> {
    const { adapter, uri: own } = resourceAt(uri, caller);
    const result = await ask(adapter, "resources/read", { uri: own }, caller, exchange);
    return shownContents(adapter.name, result);
  }

  async function complete(
    offer: Offer,
    { ref, ...rest }: { ref: { type: string; name?: string; uri?: string } } & Params,
    caller: Caller,
    exchange: RoutedExchange,
  ): Promise<Result> {
    const { _meta: _, ...params } = rest;
    if (ref.type === "ref/prompt") {
      const { adapter, name } = await promptNamed(offer, ref.name ?? "", caller);
      return ask(adapter, "completion/complete", { ...params, ref: { type: ref.type, name } }, caller, exchange);
    }
    const { adapter, uri } = resourceAt(ref.uri ?? "", caller);
    return ask(adapter, "completion/complete", { ...params, ref: { type: ref.type, uri } }, caller, exchange);
  }

  async function promptNamed(offer: Offer, shown: string, caller: Caller) {
    const origin = (await offer.find("prompts", shown, caller))?.origin;
    if (origin?.kind !== "adapter") throw unknown("prompt", shown);
    return origin;
  }

  function resourceAt(shown: string, caller: Caller): { adapter: Resource<"adapter">; uri: string } {
    const origin = originOfUri(shown);
    const adapter = origin && view.get("adapter", origin.adapter);
    const isShown =
      adapter && !adapter.deleting && adapter.body.exposeTools && access.may(caller.principal, "read", adapter.body);
    if (!isShown) throw unknown("resource", shown);
    return { adapter, uri: origin.uri };
  }

  async function ask(
    adapter: Resource<"adapter">,
    method: string,
    params: Params,
    caller: Caller,
    { signal, meta, retry, notify }: RoutedExchange,
  ): Promise<Result> {
    const request = { method, params: { ...params, ...retry, _meta: meta }, onNotification: notify, signal };
    return resultOf(await peers.request(adapter, caller, request), adapter, caller);
  }
}

function resultOf(answer: PeerAnswer, adapter: Resource<"adapter">, caller: Caller): Result {
  switch (answer.state) {
    case "result":
      return answer.result;
    case "error":
      throw protocolError(answer.error, caller.era);
    case "unavailable":
      throw new ProtocolError(ProtocolErrorCode.InternalError, `${adapter.name}: ${answer.reason}`);
  }
}

const maxEchoedLength = 200;

function unknown(what: "prompt" | "resource", name: string): ProtocolError {
  const named = name.slice(0, maxEchoedLength).toWellFormed();
  return new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    `Unknown ${what}: ${named}`,
    what === "resource" ? { uri: named } : undefined,
  );
}
