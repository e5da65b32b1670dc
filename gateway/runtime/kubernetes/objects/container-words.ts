import type { ContainerStatus } from "./shapes.ts";
import { shortText } from "./short-text.ts";

type Told = {
  readonly image: string;
  readonly memoryLimit: string | undefined;
  /** What events say beside the status, where it says too little. */
  readonly pullFailure: string | undefined;
  readonly startupFailure: string | undefined;
};

/** Why a container does not run, in words; undefined where nothing is wrong with it. */
export function containerWords(status: ContainerStatus, told: Told): string | undefined {
  const { waiting, terminated } = status.state ?? {};
  if (terminated) return endingWords(terminated, told);
  const message = waiting?.message ?? "";
  switch (waiting?.reason) {
    case "ErrImagePull":
    case "ImagePullBackOff":
    case "RegistryUnavailable":
    case "SignatureValidationFailed":
      return pullWords(message, told);
    case "InvalidImageName":
      return shortText(`the image name ${told.image} is not valid`);
    case "ErrImageNeverPull":
      return shortText(`the image ${told.image} is not on the node, and may not be pulled there`);
    case "CrashLoopBackOff":
      return status.lastState?.terminated ? endingWords(status.lastState.terminated, told) : "it ends again and again";
    case "CreateContainerConfigError":
      return configWords(message);
    case "CreateContainerError":
    case "RunContainerError":
      return shortText(`it cannot be started: ${withoutPrefixes(message)}`);
    default:
      return undefined;
  }
}

/** Whether it ended, and is started again after a pause. */
export function isWaiting({ state }: ContainerStatus): boolean {
  return state?.terminated !== undefined || state?.waiting?.reason === "CrashLoopBackOff";
}

type Terminated = NonNullable<NonNullable<ContainerStatus["state"]>["terminated"]>;

function endingWords({ exitCode = 0, signal = 0, reason }: Terminated, { memoryLimit, startupFailure }: Told): string {
  if (reason === "OOMKilled") {
    return `killed: it needed more memory than ${memoryLimit === undefined ? "there is" : `its limit of ${memoryLimit}`}`;
  }
  if (reason === "StartError" || reason === "ContainerCannotRun")
    return "it cannot be started: no such program in its image";
  if (startupFailure !== undefined) return shortText(`killed, for it did not start in time: ${startupFailure}`);
  return signal > 0 ? `killed by signal ${signal}` : `exited with code ${exitCode}`;
}

function pullWords(message: string, { image, pullFailure = "" }: Told): string {
  const said = registryWords(message, image) || registryWords(pullFailure, image);
  return shortText(`the image ${image} cannot be pulled${said === "" ? "" : `: ${said}`}`);
}

/** What the registry said, out of what the kubelet and the container runtime have put around it. */
function registryWords(message: string, image: string): string {
  let said = message.replace(/^Back-off pulling image "[^"]*"(: )?/, "").replace(/^(Err\w+|\w+Unavailable): /, "");
  for (;;) {
    const inner = withoutPrefixes(said).replace(/^(failed to|unable to) [^:"]*"[^"]*": /i, "");
    if (inner === said) break;
    said = inner;
  }
  return said.startsWith(`${image}: `) ? said.slice(image.length + 2) : said;
}

function configWords(message: string): string {
  const secret = /^secrets? "([^"]+)" not found/.exec(message);
  if (secret) return shortText(`the secret "${secret[1]}" does not exist`);
  const key = /^couldn't find key (\S+) in secret [^/\s]*\/(\S+)/i.exec(message);
  if (key) return shortText(`the secret "${key[2]}" has no key "${key[1]}"`);
  return shortText(`it cannot be configured: ${withoutPrefixes(message)}`);
}

function withoutPrefixes(message: string): string {
  return message.replace(/^(rpc error: code = \w+ desc = |Error: )+/, "");
}
