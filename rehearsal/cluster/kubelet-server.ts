import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { PORTS } from "../addresses.ts";
import type { CertificateAuthority } from "../certificates.ts";
import { answerOwnUser } from "../connection-owners.ts";
import type { ContainerLog, LogLine } from "./container-log.ts";
import type { Node } from "./nodes.ts";

export type FindLog = (namespace: string, pod: string, container: string) => ContainerLog | undefined;

/** Serves `/containerLogs/<namespace>/<pod>/<container>` on every node's own address, to the API server only. */
export async function serveKubelets(
  nodes: readonly Node[],
  authority: CertificateAuthority,
  find: FindLog,
): Promise<{ close(): Promise<void> }> {
  const addresses = nodes.map(({ address }) => address);
  const { certificatePem, keyPem } = await authority.issue({ commonName: "kubelet", addresses });
  const tls = { cert: certificatePem, key: keyPem, ca: authority.pem, requestCert: true, rejectUnauthorized: true };
  const servers = await Promise.all(
    addresses.map(async (address): Promise<Server> => {
      const server = createServer(tls, (request, response) => answer(request, response, find));
      answerOwnUser(server);
      server.listen(PORTS.kubelet, address);
      await once(server, "listening");
      return server;
    }),
  );
  return { close: () => closeAll(servers) };
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map((server) => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      return closed;
    }),
  );
}

function answer(request: IncomingMessage, response: ServerResponse, find: FindLog): void {
  const url = new URL(request.url ?? "/", "https://kubelet");
  const [, what, namespace = "", pod = "", container = ""] = url.pathname.split("/");
  const log = what === "containerLogs" && request.method === "GET" ? find(namespace, pod, container) : undefined;
  if (log !== undefined) sendLog(response, log, url.searchParams);
  else response.writeHead(404, { "content-type": "text/plain" }).end(`${url.pathname} not found on this node`);
}

function sendLog(response: ServerResponse, log: ContainerLog, options: URLSearchParams): void {
  const withTime = options.get("timestamps") === "true";
  const write = ({ time, text }: LogLine) => response.write(withTime ? `${time} ${text}\n` : `${text}\n`);
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
  for (const line of log.read(selectionIn(options), { previous: options.get("previous") === "true" })) write(line);
  if (options.get("follow") !== "true") return void response.end();
  response.flushHeaders();
  const following = log.follow(write, () => response.end());
  response.once("close", () => following.stop());
}

function selectionIn(options: URLSearchParams) {
  const number = (name: string) => (options.has(name) ? Number(options.get(name)) : undefined);
  const sinceSeconds = number("sinceSeconds");
  const sinceTime = options.get("sinceTime");
  const since = sinceSeconds === undefined ? undefined : Date.now() - sinceSeconds * 1000;
  return {
    tailLines: number("tailLines"),
    sinceMilliseconds: sinceTime === null ? since : Date.parse(sinceTime),
  };
}
