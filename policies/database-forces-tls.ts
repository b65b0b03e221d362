import { isForPostgres, parameterOf } from "./judging/database-parameters.ts";
import { each, type Policy } from "./policy.ts";

export const databaseForcesTls: Policy = {
  name: "database-forces-tls",
  control: "S23",
  reason: "A client that is not told to use TLS sends its password and every row in the clear.",
  fix: "Give the instance a parameter group of the stack with rds.force_ssl = 1.",
  each: [
    each("aws:rds/parameterGroup:ParameterGroup", ({ props }, demand) => {
      demand("parameters", () => !isForPostgres(props) || parameterOf(props, "rds.force_ssl") === "1");
    }),
  ],
  whole: (stack, demand) => {
    for (const database of stack.all("aws:rds/instance:Instance")) {
      demand(database, "parameterGroupName", () => {
        return stack.referred(database, "parameterGroupName", "aws:rds/parameterGroup:ParameterGroup").length === 1;
      });
    }
  },
};
