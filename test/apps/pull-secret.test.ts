import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { specialSecretSig, specialSigKey } from "@pulumi/pulumi/runtime/rpc.js";
import { Namespaces } from "../../apps/namespaces.ts";
import { pullSecret } from "../../stacks/docker-config.ts";
import { imageReference } from "../../stacks/fields.ts";
import { record } from "../support/recorder.ts";

const auth = Buffer.from("robot:secret").toString("base64");
const SECRET = JSON.stringify({ auths: { "ghcr.io": { auth } } });
const IMAGES = [imageReference("ghcr.io/alexarno/sparki/engine@sha256:1")];

describe("sparki:imagePullSecret", () => {
  it("is, byte for byte, what nodes of every namespace pull with, and stays a secret (W32)", async () => {
    const recorded = await record(() => {
      pulumi.runtime.setAllConfig({ "sparki:imagePullSecret": SECRET });
      const provider = new kubernetes.Provider("cluster", { kubeconfig: "{}" });
      new Namespaces("namespaces", { provider, networkCidr: "10.0.0.0/16", pullSecret: pullSecret(IMAGES) });
    });
    const made = recorded.filter(({ type }) => type === "kubernetes:core/v1:Secret").map(({ inputs }) => inputs);
    const secret = (namespace: string) => ({
      metadata: { namespace, name: "image-pull" },
      type: "kubernetes.io/dockerconfigjson",
      data: {
        [specialSigKey]: specialSecretSig,
        value: { ".dockerconfigjson": Buffer.from(SECRET).toString("base64") },
      },
    });
    const wanted = ["sparki-engine", "sparki-web", "sparki-test"].map((each) => expect.objectContaining(secret(each)));
    expect(made).toHaveLength(wanted.length);
    expect(made).toEqual(expect.arrayContaining(wanted));
  });
});
