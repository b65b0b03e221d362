import * as grpc from "@grpc/grpc-js";
import providerMessages from "@pulumi/pulumi/proto/provider_pb.js";
import statusMessages from "@pulumi/pulumi/proto/status_pb.js";
import any from "google-protobuf/google/protobuf/any_pb.js";
import { messageOf } from "../../shared/message-of.ts";
import { type Path, type Properties, send } from "./properties.ts";

/** A resource that exists but is not as asked for: the engine keeps it in state and tries to update it next time. */
export class PartialFailure extends Error {
  readonly id: string;
  readonly inputs: Properties;
  readonly properties: Properties;
  /** Paths in inputs and properties to mark secret. */
  secrets: readonly Path[] = [];

  constructor(message: string, partial: { id: string; inputs: Properties; properties: Properties }) {
    super(message);
    this.name = "PartialFailure";
    this.id = partial.id;
    this.inputs = partial.inputs;
    this.properties = partial.properties;
  }
}

/** The gRPC error for a thrown value; a partial failure carries the resource as it stands. */
export function rpcError(error: unknown): Partial<grpc.StatusObject> {
  const details = messageOf(error);
  if (!(error instanceof PartialFailure)) return { code: grpc.status.UNKNOWN, details };
  const metadata = new grpc.Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(partialStatus(error).serializeBinary()));
  return { code: grpc.status.UNKNOWN, details, metadata };
}

function partialStatus(error: PartialFailure): statusMessages.Status {
  const detail = new providerMessages.ErrorResourceInitFailed();
  detail.setId(error.id);
  detail.setReasonsList([error.message]);
  detail.setProperties(send(error.properties, error.secrets));
  detail.setInputs(send(error.inputs, error.secrets));
  const packed = new any.Any();
  packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new statusMessages.Status();
  status.setCode(grpc.status.UNKNOWN);
  status.setMessage(error.message);
  status.addDetails(packed);
  return status;
}
