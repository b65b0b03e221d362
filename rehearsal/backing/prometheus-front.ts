import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Agent, request as open } from "node:https";
import type { IssuedCertificate } from "../certificates.ts";
import { answerOwnUser, type End } from "../connection-owners.ts";
import { refusalOf } from "../private-requests.ts";

export interface FrontOptions {
  readonly token: string;
  readonly listen: End;
  /** Prometheus itself, which answers nobody without a certificate of the run's authority. */
  readonly behind: End;
  readonly authorityPem: string;
  readonly client: IssuedCertificate;
}

const METHODS = ["GET", "HEAD"] as const;

/** Prometheus as the rehearsal's own commands see it: only questions, and only with the run's token. */
export async function serveFront(options: FrontOptions): Promise<{ close(): Promise<void> }> {
  const { token, listen, authorityPem: ca, client } = options;
  const agent = new Agent({ keepAlive: true, ca, cert: client.certificatePem, key: client.keyPem });
  const expected = { token, host: `${listen.address}:${listen.port}`, methods: METHODS };
  const server = createServer((request, response) => {
    const refusal = refusalOf(request, expected);
    if (refusal === undefined) pass(request, response, options.behind, agent);
    else response.writeHead(refusal.status, { "content-type": "text/plain" }).end(`${refusal.message}\n`);
  });
  // As the control API's: no client asks on a connection that is just being closed.
  server.keepAliveTimeout = 120_000;
  answerOwnUser(server);
  server.listen(listen.port, listen.address);
  await once(server, "listening");
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    agent.destroy();
    await closed;
  };
  return { close };
}

function pass(request: IncomingMessage, response: ServerResponse, { address, port }: End, agent: Agent): void {
  const { method, url: path } = request;
  const upstream = open({ host: address, port, agent, method, path });
  upstream.once("response", (answer) => {
    response.writeHead(answer.statusCode ?? 502, { "content-type": answer.headers["content-type"] ?? "text/plain" });
    answer.pipe(response);
    answer.once("error", () => response.destroy());
  });
  upstream.once("error", (error) => {
    if (response.headersSent) response.destroy();
    else
      response.writeHead(502, { "content-type": "text/plain" }).end(`Prometheus does not answer: ${error.message}\n`);
  });
  response.once("close", () => upstream.destroy());
  upstream.end();
}
