import { serverPortOf } from "../../../../injector/pod/server-port.ts";
import type { Container, Pod } from "./shapes.ts";

/** In which of its containers the MCP server of somebody's pod runs: the one with its port, or the first. */
export function serverContainerOf(pod: Pick<Pod, "metadata" | "spec">): Container | undefined {
  const { containers = [] } = pod.spec ?? {};
  const server = serverPortOf(pod);
  const isServer = ({ ports = [] }: Container) =>
    server.state === "known" && ports.some(({ containerPort }) => containerPort === server.port);
  return containers.find(isServer) ?? containers[0];
}
