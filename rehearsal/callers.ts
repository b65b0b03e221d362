import { randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { getEnvironmentData, setEnvironmentData } from "node:worker_threads";
import { admit } from "./connection-owners.ts";

const HEADER = "x-sparki-caller";
/** By this variable a pod is told the secret. */
export const CALLER_VARIABLE = "SPARKI_CALLER";

/**
 * The secret by which pods know the probes and health checks of the process that started them: one for all its threads,
 * the load balancer's among them.
 */
export const CALLER = ofAllThreads("sparki-caller", () => randomBytes(32).toString("hex"));

/** What the first thread made; those that it starts inherit it. */
function ofAllThreads(key: string, make: () => string): string {
  const known: unknown = getEnvironmentData(key);
  if (typeof known === "string") return known;
  const made = make();
  setEnvironmentData(key, made);
  return made;
}

/** What a probe or a health check says of itself. */
export const callerHeaders: Readonly<Record<string, string>> = { [HEADER]: CALLER };

/**
 * Lets a server answer who knows the secret, and connections of our own user beside: probes come dozens of times a
 * second, each on a connection of its own, and asking the kernel whose each is would cost more than all they are for.
 */
export function answerCallers(server: Server, secret: string | undefined): void {
  const admitted = new WeakMap<object, Promise<boolean>>();
  const handlers = server.listeners("request");
  server.removeAllListeners("request");
  // What is no request gets no answer either.
  server.on("clientError", (_, socket) => socket.destroy());
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const pass = () => {
      for (const handle of handlers) handle.call(server, request, response);
    };
    if (secret !== undefined && isSame(request.headers[HEADER], secret)) return pass();
    const { socket } = request;
    const asked = admitted.get(socket) ?? admit(socket);
    admitted.set(socket, asked);
    void asked.then((ours) => ours && pass());
  });
}

function isSame(given: string | readonly string[] | undefined, secret: string): boolean {
  const [one, other] = [Buffer.from(String(given ?? "")), Buffer.from(secret)];
  return one.length === other.length && timingSafeEqual(one, other);
}
