import { imagesByDigest } from "../../policies/images-by-digest.ts";
import { database, deployment, podSpec, release } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

const digest = `sha256:${"a".repeat(64)}`;
const containers = "spec.template.spec.containers.image";
const of = (image: string | undefined) => deployment(podSpec({ container: { image } }));
const chart = (image: unknown) => release.with({ values: { image } });

proves(imagesByDigest, {
  passes: {
    "images by digest": [deployment(), release],
    "an image that only the update knows": [database, release.from("values", database)],
    "a chart without an image": release.with({ values: { imagePullPolicy: "Always" } }),
  },
  stops: {
    "an image by tag": [containers, of("ghcr.io/alexarno/sparki/engine:1.0.0")],
    "an image by nothing": [containers, of("ghcr.io/alexarno/sparki/engine")],
    "no image": [containers, of(undefined)],
    "an image from elsewhere": [containers, of(`docker.io/library/redis@${digest}`)],
    "half a digest": [containers, of("ghcr.io/alexarno/sparki/engine@sha256:abc")],
    "a chart's image by tag": ["values.image", chart("ghcr.io/alexarno/sparki/engine:latest")],
    "a chart's image from elsewhere": ["values.image", chart(`docker.io/library/redis@${digest}`)],
    "an image further down": [
      "values.sidecar.proxyImage",
      release.with({ values: { sidecar: { proxyImage: "envoy:latest" } } }),
    ],
    "a chart that nobody rendered": ["chart", release.with({ chart: "oci://ghcr.io/alexarno/charts/engine" })],
    "another registry's list": ["values.image", release, { allowedRegistries: ["registry.example/"] }],
  },
});
