import { podsSecretsAsFiles } from "../../policies/pods-secrets-as-files.ts";
import { deployment, podSpec } from "../support/policy-examples.ts";
import { thing } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const [env, envFrom] = ["spec.template.spec.containers.env", "spec.template.spec.containers.envFrom"];
const variable = (value: object) => deployment(podSpec({ container: { env: [value] } }));
const secret = thing("kubernetes:core/v1:Secret", { metadata: { name: "empty" } });

proves(podsSecretsAsFiles, {
  passes: {
    "settings as values": deployment(),
    "a secret's file": variable({ name: "DATABASE_PASSWORD_FILE", value: "/mnt/secrets/database/password" }),
    "an empty value": variable({ name: "DATABASE_PASSWORD", value: "" }),
    "settings of a ConfigMap": deployment(podSpec({ container: { envFrom: [{ configMapRef: { name: "x" } }] } })),
    "what the Prometheus operator reads": [
      secret.with({ metadata: { namespace: "sparki-monitoring" }, data: { token: "aHVudGVyMg==" } }),
      secret.with({ metadata: { namespace: "sparki-monitoring" }, stringData: { token: "hunter2" } }).named("text"),
    ],
    "what a node pulls images with": secret.with({
      metadata: { namespace: "sparki-engine" },
      type: "kubernetes.io/dockerconfigjson",
      data: { ".dockerconfigjson": "e30=" },
    }),
    "a Secret without data": [secret, secret.named("other").with({ data: {} })],
  },
  stops: {
    "a password in a value": [env, variable({ name: "DATABASE_PASSWORD", value: "hunter2" })],
    "a token in a value": [env, variable({ name: "API_TOKEN", value: "hunter2" })],
    "a value taken from a Secret": [env, variable({ name: "X", valueFrom: { secretKeyRef: { name: "x", key: "y" } } })],
    "all values of a Secret": [
      envFrom,
      deployment(podSpec({ container: { envFrom: [{ secretRef: { name: "x" } }] } })),
    ],
    "a Secret with data": ["data", secret.with({ data: { password: "aHVudGVyMg==" } })],
    "a Secret of another type": [
      "data",
      secret.with({ metadata: { namespace: "sparki-engine" }, type: "Opaque", data: { ".dockerconfigjson": "e30=" } }),
    ],
    "a Secret of another namespace": [
      "stringData",
      secret.with({ metadata: { namespace: "sparki-engine" }, stringData: { password: "hunter2" } }),
    ],
    "a Secret with text": ["stringData", secret.with({ stringData: { password: "hunter2" } })],
  },
});
