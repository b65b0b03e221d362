import * as sdk from "@pulumi/pulumi/runtime/rpc.js";
import { RESOURCE_SIGNATURE, SECRET_SIGNATURE, SIGNATURE_KEY, UNKNOWN } from "../../shared/engine-values.ts";

describe("the engine's values", () => {
  it("are those of Pulumi's own SDK", () => {
    expect({ UNKNOWN, SIGNATURE_KEY, SECRET_SIGNATURE, RESOURCE_SIGNATURE }).toEqual({
      UNKNOWN: sdk.unknownValue,
      SIGNATURE_KEY: sdk.specialSigKey,
      SECRET_SIGNATURE: sdk.specialSecretSig,
      RESOURCE_SIGNATURE: sdk.specialResourceSig,
    });
  });
});
