import * as pulumi from "@pulumi/pulumi";
import { assertPulls } from "./docker-config.ts";

/** What nodes pull private images with, still marked as secret; undefined for a stack whose images are public. */
export function pullSecret(images: readonly string[]): pulumi.Output<string> | undefined {
  return new pulumi.Config("sparki").getSecret("imagePullSecret")?.apply((secret) => assertPulls(secret, images));
}
