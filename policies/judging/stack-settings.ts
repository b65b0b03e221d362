import analyzer from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import { DeployError } from "../../shared/deploy-error.ts";
import { parseConfig } from "../../stacks/config.ts";
import type { StackConfig } from "../../stacks/schema.ts";

export interface StackSettings {
  readonly stack: string;
  readonly preview: boolean;
  readonly config: StackConfig;
}

/**
 * Opens something with what the engine tells the pack about each stack, config included: @pulumi/policy 1.21 keeps
 * only the stack's tags. What is returned throws SPARKI_CONFIG while nothing was told or the config is wrong, and a
 * policy that throws stops the deployment.
 */
export function openForStack<T>(open: (settings: StackSettings) => T): () => T {
  let opened = (): T => {
    throw new DeployError("SPARKI_CONFIG", "policies: the engine did not say which stack this is");
  };
  const { configureStack } = analyzer.AnalyzerService;
  const deserialize = configureStack.requestDeserialize;
  configureStack.requestDeserialize = (bytes) => {
    const request = deserialize(bytes);
    opened = once(() => {
      const [stack, raw] = [request.getStack(), Object.fromEntries(request.getConfigMap().toArray())];
      return open({ stack, preview: request.getDryRun(), config: parseConfig(raw, stack) });
    });
    return request;
  };
  return () => opened();
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
