/**
 * All that @pulumi/policy uses of @pulumi/pulumi to read a resource. The whole SDK, with what it needs to run programs and to
 * ship functions, would be half of the time that the pack takes to start.
 */
import { createRequire } from "node:module";
import { SECRET_SIGNATURE, SIGNATURE_KEY } from "../../shared/engine-values.ts";

/** Files and archives as values; loads nothing else of the SDK. */
export const asset: unknown = createRequire(import.meta.url)("@pulumi/pulumi/asset/index.js");

/** By these the engine marks values on the wire (`@pulumi/pulumi/runtime/rpc`). */
export const specialSigKey = SIGNATURE_KEY;
export const specialAssetSig = "c44067f5952c0a294b673a41bacd8c17";
export const specialArchiveSig = "0def7320c3a5731c473e5ecbe6d01bc7";
export const specialSecretSig = SECRET_SIGNATURE;
