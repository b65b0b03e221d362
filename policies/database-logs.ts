import { isForPostgres, parameterOf } from "./judging/database-parameters.ts";
import { each, type Policy } from "./policy.ts";

const EXPORTS = ["postgresql", "upgrade"];

export const databaseLogs: Policy = {
  name: "database-logs",
  control: "S29",
  reason: "Logs that stay on the instance are lost with it, and slow or hostile statements are in no log by default.",
  fix: "Set enabledCloudwatchLogsExports to postgresql and upgrade, and log_statement and log_min_duration_statement.",
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      demand("enabledCloudwatchLogsExports", () =>
        EXPORTS.every((log) => props.enabledCloudwatchLogsExports?.includes(log)),
      );
    }),
    each("aws:rds/parameterGroup:ParameterGroup", ({ props }, demand) => {
      demand("parameters.log_statement", () => {
        return !isForPostgres(props) || (parameterOf(props, "log_statement") ?? "none") !== "none";
      });
      demand("parameters.log_min_duration_statement", () => {
        return !isForPostgres(props) || Number(parameterOf(props, "log_min_duration_statement") ?? -1) >= 0;
      });
    }),
  ],
};
