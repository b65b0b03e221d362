import { noSecretInChartValues } from "../../policies/no-secret-in-chart-values.ts";
import { database, release } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

proves(noSecretInChartValues, {
  passes: {
    "a secret's ARN": release,
    "a secret that is left empty": release.with({ values: { database: { password: "" } } }),
    "a switch with a secret's name": release.with({ values: { automountServiceAccountToken: false } }),
    "values that only the update knows": [database, release.from("values", database)],
    "no values": release.without("values"),
  },
  stops: {
    "a password": ["values.database.password", release.with({ values: { database: { password: "hunter2" } } })],
    "a token in a list": ["values.clients.0.token", release.with({ values: { clients: [{ token: "hunter2" }] } })],
    "a key": ["values.apiKey", release.with({ values: { apiKey: "hunter2" } })],
    "values in a file, which nobody judges": [
      "valueYamlFiles",
      release.with({ valueYamlFiles: [] }).from("valueYamlFiles"),
    ],
  },
});
