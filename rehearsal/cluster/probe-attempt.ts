import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { callerHeaders } from "../callers.ts";
import type { Container, LifecycleHandler, Probe } from "./objects.ts";

export interface ProbeTarget {
  /** The loopback address where the pod's processes listen. */
  readonly address: string;
  readonly container: Container;
  /** Runs a command in the container; resolves with its exit code and output. */
  execute(command: readonly string[], limitMilliseconds: number): Promise<{ code: number; output: string }>;
}

/** Why an attempt failed, in the kubelet's words; undefined when it succeeded. */
export type ProbeFailure = string | undefined;

/** Tries a probe once, within its limit. */
export async function attempt(
  probe: Pick<Probe, "httpGet" | "tcpSocket" | "exec">,
  target: ProbeTarget,
  limitMilliseconds: number,
): Promise<ProbeFailure> {
  if (probe.httpGet !== undefined) return httpGet(probe.httpGet, target, limitMilliseconds);
  if (probe.tcpSocket !== undefined)
    return tcpConnect(target.address, portOf(probe.tcpSocket.port, target.container), limitMilliseconds);
  if (probe.exec === undefined) return undefined;
  const { code, output } = await target.execute(probe.exec.command ?? [], limitMilliseconds);
  return code === 0 ? undefined : `command exited with ${code}: ${output.trim()}`;
}

/** A port's number; a name is looked up among the container's ports, and is 0 when it has none of that name. */
export function portOf(port: number | string, container: Container): number {
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  return named ?? (Number(port) || 0);
}

type HttpGet = NonNullable<LifecycleHandler["httpGet"]>;

function httpGet(get: HttpGet, { address, container }: ProbeTarget, limit: number): Promise<ProbeFailure> {
  const port = portOf(get.port, container);
  const headers = Object.fromEntries((get.httpHeaders ?? []).map(({ name, value }) => [name, value]));
  const options = {
    host: address,
    port,
    path: get.path ?? "/",
    agent: false as const,
    rejectUnauthorized: false,
    headers: { "user-agent": "kube-probe/1.33", ...headers, ...callerHeaders },
    signal: AbortSignal.timeout(limit),
  };
  return new Promise((resolve) => {
    const call = (get.scheme === "HTTPS" ? httpsRequest : httpRequest)(options, (response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      resolve(status >= 200 && status < 400 ? undefined : `HTTP probe failed with statuscode: ${status}`);
    });
    call.once("error", (error) => resolve(`Get "${address}:${port}${options.path}": ${error.message}`));
    call.end();
  });
}

function tcpConnect(address: string, port: number, limit: number): Promise<ProbeFailure> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: limit });
    const settle = (failure: ProbeFailure) => {
      socket.destroy();
      resolve(failure);
    };
    socket.once("connect", () => settle(undefined));
    socket.once("timeout", () => settle(`dial tcp ${address}:${port}: i/o timeout`));
    socket.once("error", (error) => settle(`dial tcp ${address}:${port}: ${error.message}`));
  });
}
