import * as grpc from "@grpc/grpc-js";
import engineServices from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineMessages from "@pulumi/pulumi/proto/engine_pb.js";
import type { Severity } from "./model.ts";

/** The engine's log of one provider instance. */
export interface EngineLog {
  /** Shows a line under the resource; lines keep their order; a vanished engine is ignored. */
  write(urn: string, severity: Severity, message: string): void;
  close(): void;
}

const SEVERITIES = {
  debug: engineMessages.LogSeverity.DEBUG,
  info: engineMessages.LogSeverity.INFO,
  warning: engineMessages.LogSeverity.WARNING,
  error: engineMessages.LogSeverity.ERROR,
} as const;

/** Connects to the engine that attached itself at `address` (host:port). */
export function connectEngineLog(address: string): EngineLog {
  const client = new engineServices.EngineClient(address, grpc.credentials.createInsecure());
  let previous: Promise<void> = Promise.resolve();
  return {
    write(urn, severity, message) {
      const request = new engineMessages.LogRequest();
      request.setUrn(urn);
      request.setSeverity(SEVERITIES[severity]);
      request.setMessage(message);
      previous = previous.then(() => new Promise((resolve) => client.log(request, () => resolve())));
    },
    close: () => void previous.then(() => client.close()),
  };
}
