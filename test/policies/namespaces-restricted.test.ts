import { namespacesRestricted } from "../../policies/namespaces-restricted.ts";
import { namespace } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

const labelled = (labels?: object) => namespace.with({ metadata: { name: "sparki-engine", labels } });

proves(namespacesRestricted, {
  passes: { "a restricted namespace": namespace },
  stops: {
    "a namespace that takes every pod": ["metadata.labels", labelled()],
    "a namespace that only warns": ["metadata.labels", labelled({ "pod-security.kubernetes.io/warn": "restricted" })],
    "a namespace that takes more": ["metadata.labels", labelled({ "pod-security.kubernetes.io/enforce": "baseline" })],
    "labels that preview cannot know": ["metadata.labels", namespace.from("metadata")],
  },
});
