import { isSecretName } from "./judging/leaves.ts";
import { listAt, textAt, valueAt } from "./judging/objects.ts";
import { everyContainer } from "./judging/pod-specs.ts";
import { every, type Policy } from "./policy.ts";

const isGivenObject = (value: unknown) => Object.keys(Object(value)).length > 0;

/** The Prometheus operator reads Secret objects only, and no pod of Sparki runs in its namespace. */
const OPERATORS_NAMESPACE = "sparki-monitoring";

/** The node reads it, to pull a pod's images with; by this type it holds nothing else. */
const PULL_SECRET = "kubernetes.io/dockerconfigjson";

export const podsSecretsAsFiles: Policy = {
  name: "pods-secrets-as-files",
  control: "S69",
  reason: "An environment value shows up in crash reports, in child processes and in the pod's description.",
  fix: "Mount the secret by a SecretProviderClass; make no Secret object and no environment value of it.",
  each: [
    everyContainer("env", (container) =>
      listAt(container, "env").every((variable) => {
        const plain = (textAt(variable, "value") ?? "") !== "" && isSecretName(textAt(variable, "name") ?? "");
        return !plain && valueAt(variable, "valueFrom", "secretKeyRef") === undefined;
      }),
    ),
    everyContainer("envFrom", (container) =>
      listAt(container, "envFrom").every((source) => valueAt(source, "secretRef") === undefined),
    ),
    every(
      (type) => type === "kubernetes:core/v1:Secret",
      ({ props }, demand) => {
        const isReadByOthers = () =>
          textAt(props, "metadata", "namespace") === OPERATORS_NAMESPACE || textAt(props, "type") === PULL_SECRET;
        demand("data", () => isReadByOthers() || !isGivenObject(props.data));
        demand("stringData", () => isReadByOthers() || !isGivenObject(props.stringData));
      },
    ),
  ],
};
